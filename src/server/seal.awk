# The sealed text: every path below the source of the release as where it leads for good, a label for the files that a
# service uses, and nothing that Compose would not read back or that would make it ask a registry. Reads the file twice.
# Tables: paths (see moved.awk) and labels: service, tab, key, tab, value. `own` are the names of labels that are ours alone.
BEGIN {
  mark = substr(source, match(source, "[^/]*/[^/]*$"))
  while (labels != "" && (getline row < labels) > 0) {
    split(row, part, "\t")
    added[part[1]] = added[part[1]] "      " part[2] ": " encode(part[3]) "\n"
  }
}
/^[^ ]/ { top = key($0) }
top == "services" && /^  [^ ]/ { service = key($0); section = "" }
top == "services" && /^    [^ -]/ { section = key($0) }
FNR == NR {
  if (top == "services" && /^  [^ ]/) is_service[service]
  if (top == "services" && /^    labels:/) has_labels[service]
  next
}
top == "services" && /^  [^ ]/ {
  print
  if (service in added && !(service in has_labels)) printf "    labels:\n%s", added[service]
  next
}
# Whatever was pulled is what runs.
top == "services" && /^    pull_policy:/ { next }
# Held back until there is something in it.
top == "services" && /^    (labels|depends_on):/ {
  held = $0 "\n"
  if (section == "labels" && service in added) { printf "    labels:\n%s", added[service]; held = "" }
  next
}
top == "services" && section == "labels" && index(" " own " ", " " key($0) " ") { next }
# A service may wait for one that is in no active profile; Compose itself takes that for a mistake when it reads it again.
top == "services" && section == "depends_on" && /^      [^ ]/ { absent = !(key($0) in is_service) }
top == "services" && section == "depends_on" && absent { next }
top == "services" && (section == "labels" || section == "depends_on") { printf "%s", held; held = "" }
index($0, mark) == 0 { print; next }
{
  text = value($0)
  new = moved(text, "$$", key($0) ~ /^(source|file|device)$/)
  if (new == text) print
  else print substr($0, 1, value_at($0) - 1) encode(new)
}
