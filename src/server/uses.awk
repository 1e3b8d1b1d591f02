# From Compose's canonical YAML: the files and folders of this machine that each service uses, one a line:
# service, tab, rw or ro, tab, its name in the repository (or absolute), tab, its path. A config that stands in the file
# itself: service, tab, in, tab, its name, tab, its text in one line. A value of several lines stands deeper than any key
# that is looked at here, so that it cannot pose as one.
function text(line) {
  sub(/^[^:]*: */, "", line)
  if (line ~ /^'.*'$/) { line = substr(line, 2, length(line) - 2); gsub(/''/, "'", line) }
  else if (line ~ /^".*"$/) line = substr(line, 2, length(line) - 2)
  gsub(/\$\$/, "$", line)
  return line
}
function key(line) { sub(/:.*$/, "", line); gsub(/[ '"]/, "", line); return line }
function emit(service, mode, path,   name) {
  name = index(path, source "/") == 1 ? substr(path, length(source) + 2) : path
  print service "\t" mode "\t" name "\t" path
}
function flush() {
  if (kind == "bind") emit(service, readonly ? "ro" : "rw", from)
  if (from != "" && (section == "configs" || section == "secrets")) used[++count] = section "\t" from "\t" service
  kind = from = ""
  readonly = 0
}
inside && (/^      / || /^ *$/) { content[name] = content[name] "\\n" $0; next }
{ inside = 0 }
/^[^ ]/ { flush(); top = key($0); section = ""; next }
top == "services" && /^  [^ ]/ { flush(); service = key($0); section = ""; next }
top == "services" && /^    [^ -]/ { flush(); section = key($0); next }
top == "services" && (section == "volumes" || section == "configs" || section == "secrets") && /^      / {
  if (/^      - /) { flush(); sub(/- /, "  ") }
  if (/^        type: /) kind = text($0)
  if (/^        source: /) from = text($0)
  if (/^        read_only: true/) readonly = 1
  next
}
(top == "configs" || top == "secrets") && /^  [^ ]/ { name = key($0); next }
(top == "configs" || top == "secrets") && /^    file: / { file[top "\t" name] = text($0) }
top == "configs" && /^    content: / { inside = 1; content[name] = $0 }
END {
  flush()
  for (i = 1; i <= count; i++) {
    split(used[i], part, "\t")
    if (part[1] "\t" part[2] in file) emit(part[3], "ro", file[part[1] "\t" part[2]])
    else if (part[1] == "configs" && part[2] in content) print part[3] "\tin\t" part[2] "\t" content[part[2]]
  }
}
