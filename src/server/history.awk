# From history.jsonl, what tells which releases are needed, one line an attempt: release, tab, outcome, tab, the release that
# was current before. A line that is cut off is none.
{
  fields($0)
  if (FIELD["release"] ~ /^[A-Za-z0-9-]+$/ && FIELD["outcome"] != "") print FIELD["release"] "\t" FIELD["outcome"] "\t" (FIELD["previous"] ~ /^[A-Za-z0-9-]+$/ ? FIELD["previous"] : "")
}
