# The sealed text for a container that runs a command once, beside those of its `service`: without what only one container can
# have, without the labels by which a proxy would send it requests, and with the images that were pulled. It says that it
# is none of Traefik's: that one takes what has no label, too.
/^[^ ]/ { top = key($0) }
top != "services" { print; next }
/^  [^ ]/ {
  own = key($0) == service
  print
  print "    pull_policy: never"
  if (own) print "    labels:\n      traefik.enable: \"false\""
  next
}
/^    [^ -]/ { section = key($0) }
section == "pull_policy" { next }
own && section ~ /^(container_name|labels|mac_address|ports)$/ { next }
own && section == "networks" && /^        [^ -]/ { fixed = key($0) ~ /^(ipv4_address|ipv6_address|link_local_ips|mac_address)$/ }
own && section == "networks" && /^      [^ ]/ { fixed = 0 }
own && section == "networks" && fixed { next }
{ print }
