# From a sealed compose.yml: the services that others wait for to become healthy but that have no healthcheck in the file
# itself. One per line: service, tab, image, tab, who waits, tab, `off` if the healthcheck is disabled.
/^[^ ]/ { top = key($0) }
top != "services" { next }
/^  [^ ]/ { service = key($0); section = "" }
/^    [^ -]/ { section = key($0) }
/^    image:/ { image[service] = value($0) }
section == "healthcheck" && /^      test:/ { checked[service] = 1 }
section == "healthcheck" && (/^      disable: true/ || /^        - "?NONE"?$/) { off[service] = 1 }
section == "depends_on" && /^      [^ ]/ { other = key($0) }
section == "depends_on" && /^        condition: service_healthy$/ { count++; awaited[count] = other; by[count] = service }
END {
  for (i = 1; i <= count; i++) {
    one = awaited[i]
    if (one in off || !(one in checked)) print one "\t" image[one] "\t" by[i] "\t" (one in off ? "off" : "")
  }
}
