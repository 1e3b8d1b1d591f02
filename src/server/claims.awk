# From a sealed compose.yml: what the release wants of its server that something else may have, one fact a line.
#   depends service other restart|-         mount service kind source target rw|ro
#   publish service address port protocol   named service container
#   attached service network                network|volume key name external|own
#   subnet network subnet                   needs service container-of-no-service
# and with `definitions`, how each of them is defined: networks|volumes, key, option, line.
function text(line) {
  line = value(line)
  gsub(/\$\$/, "$", line)
  return line
}
function report(a, b, c, d, e, f) {
  if (!definitions) print a "\t" b "\t" c (d == "" ? "" : "\t" d) (e == "" ? "" : "\t" e) (f == "" ? "" : "\t" f)
}
# A container by name, after a prefix and before options.
function needs(container, prefix) {
  if (index(container, prefix) != 1) return
  container = substr(container, length(prefix) + 1)
  sub(/:.*/, "", container)
  report("needs", service, container)
}
function flush() {
  if (other != "") report("depends", service, other, restart ? "restart" : "-")
  if (kind != "") report("mount", service, kind, source == "" ? "-" : source, target, readonly ? "ro" : "rw")
  if (published != "") report("publish", service, address == "" ? "-" : address, published, protocol == "" ? "tcp" : protocol)
  if (resource != "") report(substr(top, 1, length(top) - 1), resource, name == "" ? resource : name, external ? "external" : "own")
  other = kind = source = target = published = address = protocol = resource = name = ""
  restart = readonly = external = 0
}
/^[^ ]/ { flush(); top = key($0); section = ""; next }
top == "services" && /^  [^ ]/ { flush(); service = key($0); section = ""; next }
top == "services" && /^    [^ -]/ {
  flush()
  section = key($0)
  if (section == "container_name") report("named", service, text($0))
  if (section ~ /^(network_mode|pid|ipc)$/) needs(text($0), "container:")
  next
}
top == "services" && section == "volumes_from" && /^      - / { needs(text($0), "container:"); next }
top == "services" && section == "external_links" && /^      - / { needs(text($0), ""); next }
top == "services" && section == "networks" && /^      [^ -]/ { report("attached", service, key($0)); next }
top == "services" && section == "depends_on" && /^      [^ -]/ { flush(); other = key($0); next }
top == "services" && section == "depends_on" && /^        restart: true/ { restart = 1; next }
top == "services" && section == "tmpfs" && /^      - / {
  path = text($0)
  sub(/:.*/, "", path) # options
  report("mount", service, "tmpfs", "-", path, "rw")
  next
}
top == "services" && (section == "volumes" || section == "ports") && /^      / {
  if (/^      - /) { flush(); sub(/- /, "  ") }
  if (section == "volumes" && /^        type: /) kind = text($0)
  if (section == "volumes" && /^        source: /) source = text($0)
  if (section == "volumes" && /^        target: /) target = text($0)
  if (section == "volumes" && /^        read_only: true/) readonly = 1
  if (section == "ports" && /^        published: /) published = text($0)
  if (section == "ports" && /^        host_ip: /) address = text($0)
  if (section == "ports" && /^        protocol: /) protocol = text($0)
  next
}
(top == "networks" || top == "volumes") && /^  [^ ]/ { flush(); resource = key($0); next }
(top == "networks" || top == "volumes") && /^    / {
  if (top == "networks" && /^ +(- )?subnet: /) report("subnet", resource, text($0))
  if (/^    name: /) name = text($0)
  else if (/^    external: true/) external = 1
  else if (definitions) {
    if (/^    [^ ]/) option = key($0)
    print top "\t" resource "\t" option "\t" $0
  }
}
END { flush() }
