# What a sealed compose.yml says about each service that decides whether two of its containers can run side by side. One fact per
# line: trait, tab, service, tab, what, tab, value.
function trait(what, text) { print "trait\t" service "\t" what "\t" text }
function flush() {
  # A socket is meant to be shared.
  if ((kind == "volume" || kind == "bind") && !readonly && from !~ /\.sock$/) trait("writes", from)
  kind = from = ""
  readonly = 0
}
/^[^ ]/ { flush(); healthy(); top = key($0); section = ""; next }
top != "services" { next }
/^  [^ ]/ { flush(); healthy(); service = key($0); section = ""; next }
/^    [^ -]/ { flush(); section = key($0); part = limits = "" }
/^    container_name:/ { trait("container-name", value($0)) }
/^    mac_address:/ { trait("address", value($0)) }
/^    network_mode:/ { trait("network", value($0)) }
/^    mem_limit:/ { trait("memory", value($0)) }
/^    stop_grace_period:/ { trait("grace", value($0)) }
/^    (post_start|pre_stop):/ { trait("hooks", "yes") }
/^    healthcheck:/ { checked = 1 }
section == "healthcheck" && (/^      disable: true/ || /^        - "?NONE"?$/) { checked = 0 }
section == "labels" && /^      korrigo\.(rolling|drain):/ { trait(substr(key($0), 9), value($0)) }
section == "ports" && /^(      - |        )published:/ { trait("port", value($0)) }
section == "networks" && /^        (ipv4_address|ipv6_address|mac_address):/ { trait("address", value($0)) }
section == "sysctls" && /^      net\.ipv4\.tcp_migrate_req:/ { trait("migrates", value($0)) }
section == "depends_on" && /^      [^ ]/ { other = key($0); trait("after", other) }
section == "depends_on" && /^        condition: service_healthy/ { trait("waits", other) }
section == "depends_on" && /^        condition: service_completed_successfully/ { print "trait\t" other "\tcompletes\t" service }
section == "deploy" && /^      [^ ]/ { part = key($0) }
section == "deploy" && /^        [^ ]/ { limits = part == "resources" ? key($0) : "" }
section == "deploy" && limits == "limits" && /^          memory:/ { trait("memory", value($0)) }
section == "volumes" && /^      / {
  if (/^      - /) { flush(); sub(/- /, "  ") }
  if (/^        type: /) kind = value($0)
  if (/^        source: /) { from = value($0); gsub(/\$\$/, "$", from) }
  if (/^        read_only: true/) readonly = 1
}
END { flush(); healthy() }
function healthy() {
  if (checked) trait("healthcheck", "yes")
  checked = 0
}
