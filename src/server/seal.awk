# The sealed text: every path below the release's source replaced by its permanent place, every image by digest, a label for
# the files that a service uses, and nothing that Compose could not read back or that would make it ask a registry. Reads
# the file twice. Tables: paths (see moved.awk); labels: service, tab, key, tab, value; images: image, tab, by digest;
# parts: a shipped folder, tab, what else the server has below it, tab, where that is. `own` are the names of our own labels.
BEGIN {
  while (labels != "" && (getline row < labels) > 0) {
    split(row, part, "\t")
    added[part[1]] = added[part[1]] "      " part[2] ": " encode(part[3]) "\n"
  }
  while (images != "" && (getline row < images) > 0) {
    split(row, part, "\t")
    pinned[part[1]] = part[2]
  }
  while (parts != "" && (getline row < parts) > 0) {
    split(row, part, "\t")
    below[part[1]] = below[part[1]] part[2] "\t" part[3] "\n"
  }
}
function flush(   lines, i, one) {
  if (kind == "bind" && from in below) {
    count = split(below[from], lines, "\n")
    for (i = 1; i < count; i++) {
      split(lines[i], one, "\t")
      print "      - type: bind"
      print "        source: " encode(dollars(one[2], "$$"))
      print "        target: " encode(target "/" dollars(one[1], "$$"))
      print "        read_only: true"
    }
  }
  kind = from = ""
}
/^[^ ]/ { top = key($0); section = "" }
top == "services" && /^  [^ ]/ { service = key($0); section = "" }
top == "services" && /^    [^ -]/ { section = key($0) }
FNR == NR {
  if (top == "services" && /^  [^ ]/) is_service[service]
  if (top == "services" && /^    labels:/) has_labels[service]
  next
}
# The values are in a separate file by now: see environment.awk.
top == "x-korrigo-environment" { next }
/^[^ ]/ || /^  [^ ]/ || /^    [^ -]/ || /^      - / { flush() }
top == "services" && /^  [^ ]/ {
  print
  if (service in added && !(service in has_labels)) printf "    labels:\n%s", added[service]
  next
}
# Its labels are among the labels by now.
top == "services" && section == "label_file" { next }
# What was pulled is what runs.
top == "services" && /^    pull_policy:/ { next }
# Held back until it has content.
top == "services" && /^    (labels|depends_on|environment):/ {
  held = $0 "\n"
  if (section == "labels" && service in added) { printf "    labels:\n%s", added[service]; held = "" }
  next
}
top == "services" && section == "labels" && index(" " own " ", " " key($0) " ") { next }
# It would be filled in from the environment of the next Compose call.
top == "services" && section == "environment" && substr($0, value_at($0)) == "null" { next }
# A service may wait for one in no active profile; Compose itself treats that as an error when it reads the file again.
top == "services" && section == "depends_on" && /^      [^ ]/ { absent = !(key($0) in is_service) }
top == "services" && section == "depends_on" && absent { next }
top == "services" && (section == "labels" || section == "depends_on" || section == "environment") { printf "%s", held; held = "" }
top == "services" && section == "volumes" && /^        target: / { target = value($0) }
{
  field = key($0)
  text = value($0)
  new = text
  if (top == "services" && section == "security_opt" && (path = seccomp(text)) != "") new = "seccomp=" moved(path, "$$", 1)
  else if (index($0, mark)) new = moved(text, "$$", field ~ /^(source|file|device)$/)
  if (section == "volumes" && field == "type") kind = text
  else if (section == "volumes" && field == "source") {
    from = plain(new)
    if (kind == "image" && text in pinned) new = pinned[text]
  } else if (section == "pre_start" && field == "image" && text in pinned) new = pinned[text]
  if (new == text) print
  else print substr($0, 1, value_at($0) - 1) encode(new)
}
END { flush() }
function plain(text) {
  gsub(/\$\$/, "$", text)
  return text
}
