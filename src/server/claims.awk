# From a sealed compose.yml: what the release needs on its server that something else may have, one fact per line.
#   depends service other restart|-         mount service kind source target rw|ro
#   publish service address port protocol   named service container
#   attached service network                network|volume key name external|own
#   subnet network subnet                   needs service container-of-no-service
#   engine service device|runtime|logging|gpu|gpus name    engine key volume|network driver
#   address service network address
#   ignorable service|key key-that-an-older-Compose-ignores
#   option service key value-that-Docker-may-refuse|has key-that-does-not-go-with-a-shared-network
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
  if (driver != "") report("engine", resource, substr(top, 1, length(top) - 1), driver)
  other = kind = source = target = published = address = protocol = resource = name = driver = ""
  restart = readonly = external = 0
}
/^[^ ]/ { flush(); top = key($0); section = ""; next }
top == "services" && /^  [^ ]/ { flush(); service = key($0); section = ""; next }
top == "services" && /^    [^ -]/ {
  flush()
  section = key($0)
  part = limits = ""
  if (section == "container_name") report("named", service, text($0))
  if (section == "runtime") report("engine", service, section, text($0))
  if (section ~ /^(network_mode|pid|ipc)$/) needs(text($0), "container:")
  if (section ~ /^(post_start|pre_stop|gpus)$/) report("ignorable", service, section)
  if (section == "gpus") report("engine", service, section, "gpu")
  if (section ~ /^(container_name|cpus|cpuset|mem_limit|mem_reservation|memswap_limit|network_mode|restart|stop_signal|working_dir)$/) report("option", service, section, text($0))
  if (section ~ /^(dns|expose|extra_hosts|hostname|links|ports)$/) report("option", service, "has", section)
  next
}
top == "services" && section ~ /^(cap_add|cap_drop|extra_hosts)$/ && /^      - / { report("option", service, section, text($0)); next }
top == "services" && section == "sysctls" && /^      [^ ]/ { report("option", service, section, key($0)); next }
top == "services" && section == "deploy" && /^      [^ ]/ { part = key($0) }
top == "services" && section == "deploy" && /^        [^ ]/ { limits = part == "resources" ? key($0) : "" }
top == "services" && section == "deploy" && limits == "limits" && /^          cpus: / { report("option", service, "cpus", text($0)); next }
top == "services" && section == "deploy" && limits && /^          memory: / {
  report("option", service, limits == "limits" ? "mem_limit" : "mem_reservation", text($0))
  next
}
top == "services" && section == "deploy" && /^            +- "?gpu"?$/ { report("engine", service, "gpu", "gpu"); next }
top == "services" && section == "networks" && /^        (driver_opts|gw_priority):/ { report("ignorable", service, "networks." key($0)); next }
top == "services" && section == "volumes" && /^          recursive:/ { report("ignorable", service, "volumes.bind.recursive"); next }
top == "services" && section == "volumes_from" && /^      - / { needs(text($0), "container:"); next }
top == "services" && section == "logging" && /^      driver: / {
  report("engine", service, section, text($0))
  report("option", service, "logging.driver", text($0))
  next
}
top == "services" && section == "logging" && /^        [^ ]/ { report("option", service, "logging.options", key($0)); next }
# Compose up to 2.26 has them in one text each, later ones in parts.
top == "services" && section == "devices" && (/^      - "?\// || /^(      - |        )source: /) {
  path = text($0)
  sub(/:.*/, "", path)
  report("engine", service, "device", path)
  next
}
top == "services" && section == "external_links" && /^      - / { needs(text($0), ""); next }
top == "services" && section == "networks" && /^      [^ -]/ { attached = key($0); report("attached", service, attached); next }
top == "services" && section == "networks" && /^        ipv[46]_address: / { report("address", service, attached, text($0)); next }
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
  if (top == "networks" && /^    enable_ipv4:/) report("ignorable", resource, "enable_ipv4")
  if (/^    driver: /) driver = text($0)
  if (/^    name: /) name = text($0)
  else if (/^    external: true/) external = 1
  else if (definitions) {
    if (/^    [^ ]/) option = key($0)
    print top "\t" resource "\t" option "\t" $0
  }
}
END { flush() }
