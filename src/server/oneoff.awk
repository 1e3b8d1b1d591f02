# The sealed text for a container that runs a command once, next to those of its `service`: without what only one container can
# have, without the labels that would make a proxy send it requests, and with the images that were pulled. It also tells
# Traefik to ignore it, which otherwise also takes containers without labels.
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
