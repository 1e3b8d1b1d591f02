# From history.jsonl, what decides which releases are needed, one line per attempt: release, tab, outcome, tab, the release that
# was current before. Skips an incomplete line.
{
  fields($0)
  if (FIELD["release"] ~ /^[A-Za-z0-9-]+$/ && FIELD["outcome"] != "") print FIELD["release"] "\t" FIELD["outcome"] "\t" (FIELD["previous"] ~ /^[A-Za-z0-9-]+$/ ? FIELD["previous"] : "")
}
