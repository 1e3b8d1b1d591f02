# From a resolved file: the files and folders of this machine that each service uses, one a line: service, tab, rw or ro,
# tab, its name in the repository (or absolute), tab, where it leads. A config that stands in the file itself: service, tab,
# in, tab, its name, tab, its text as it is written.
function path_of(line,   path) {
  path = value(line)
  gsub(/\$\$/, "$", path)
  return path
}
function emit(service, mode, path,   name) {
  name = index(path, source "/") == 1 ? substr(path, length(source) + 2) : path
  print service "\t" mode "\t" name "\t" moved(path, "$", 1)
}
function flush() {
  if (kind == "bind") emit(service, readonly ? "ro" : "rw", from)
  if (from != "" && (section == "configs" || section == "secrets")) used[++count] = section "\t" from "\t" service
  kind = from = ""
  readonly = 0
}
/^[^ ]/ { flush(); top = key($0); section = ""; next }
top == "services" && /^  [^ ]/ { flush(); service = key($0); section = ""; next }
top == "services" && /^    [^ -]/ { flush(); section = key($0); next }
top == "services" && (section == "volumes" || section == "configs" || section == "secrets") && /^      / {
  if (/^      - /) { flush(); sub(/- /, "  ") }
  if (/^        type: /) kind = value($0)
  if (/^        source: /) from = path_of($0)
  if (/^        read_only: true/) readonly = 1
  next
}
(top == "configs" || top == "secrets") && /^  [^ ]/ { name = key($0); next }
(top == "configs" || top == "secrets") && /^    file: / { file[top "\t" name] = path_of($0) }
top == "configs" && /^    content: / { content[name] = substr($0, value_at($0)) }
END {
  flush()
  for (i = 1; i <= count; i++) {
    split(used[i], part, "\t")
    if (part[1] "\t" part[2] in file) emit(part[3], "ro", file[part[1] "\t" part[2]])
    else if (part[1] == "configs" && part[2] in content) print part[3] "\tin\t" part[2] "\t" content[part[2]]
  }
}
