# From a resolved file: the files and folders on this machine that each service uses, one per line: service, tab, ro or rw, or
# `need` if nothing may be created there, tab, its name in the repository or under shared (or absolute), tab, where it leads. For a text that Compose itself writes
# into a container: service, tab, in-config or in-secret, tab, its name, tab, the text as it is written.
# `opts_in`: this Compose omits `create_host_path: false`, but not `true`.
function plain(text) {
  gsub(/\$\$/, "$", text)
  return text
}
function emit(service, mode, path,   name) {
  path = clean(path)
  name = index(path, source "/") == 1 ? substr(path, length(source) + 2) : moved(path, "$", 1)
  if (shared != "" && index(name, shared "/") == 1) name = substr(name, length(shared) + 2)
  path = moved(path, "$", 1)
  if (name path ~ /[\t\n]/) print "odd\t" service
  else print service "\t" mode "\t" name "\t" path
}
function flush() {
  if (kind == "bind") emit(service, readonly ? "ro" : must ? "need" : "rw", from)
  if (kind == "volume" && from != "") used[++count] = "volumes\t" from "\t" service "\t" (readonly ? "ro" : "rw")
  if (from != "" && (section == "configs" || section == "secrets")) used[++count] = section "\t" from "\t" service "\tro"
  kind = from = ""
  readonly = must = 0
}
/^[^ ]/ { flush(); top = key($0); section = ""; next }
top == "services" && /^  [^ ]/ { flush(); service = key($0); section = ""; next }
top == "services" && /^    [^ -]/ { flush(); section = key($0); next }
top == "services" && section == "security_opt" && /^      - / {
  path = seccomp(plain(value($0)))
  if (path != "") emit(service, "ro", path)
}
top == "services" && (section == "volumes" || section == "configs" || section == "secrets") && /^      / {
  if (/^      - /) { flush(); sub(/- /, "  ") }
  if (/^        type: /) kind = value($0)
  if (/^        source: /) from = plain(value($0))
  if (/^        read_only: true/) readonly = 1
  if (/^          create_host_path: false/ || (opts_in && /^        bind: [{][}]/)) must = 1
  next
}
(top == "configs" || top == "secrets" || top == "volumes") && /^  [^ ]/ { name = key($0); next }
(top == "configs" || top == "secrets") && /^    file: / { file[top "\t" name] = plain(value($0)) }
(top == "configs" || top == "secrets") && /^    environment: / { variable[top "\t" name] = value($0) }
top == "configs" && /^    content: / { content_in[name] = substr($0, value_at($0)) }
top == "volumes" && /^      device: / { device[name] = plain(value($0)) }
top == "volumes" && /^      o: / && "," value($0) "," ~ /,bind,/ { binds[name] }
top == "x-korrigo-environment" && /^  / { given[key($0)] = substr($0, value_at($0)) }
END {
  flush()
  for (i = 1; i <= count; i++) {
    split(used[i], part, "\t")
    which = part[1] "\t" part[2]
    if (which in file) emit(part[3], "ro", file[which])
    else if (which in variable) print part[3] "\tin-" (part[1] == "configs" ? "config" : "secret") "\t" part[2] "\t" given[variable[which]]
    else if (part[1] == "configs" && part[2] in content_in) print part[3] "\tin-config\t" part[2] "\t" content_in[part[2]]
    else if (part[1] == "volumes" && part[2] in binds && device[part[2]] ~ /^\//) emit(part[3], part[4], device[part[2]])
  }
}
