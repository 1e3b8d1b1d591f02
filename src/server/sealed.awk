# What a sealed compose.yml says that Compose's hashes do not. The second input is the output of `config --hash '*'` for
# it. One fact per line: each service's hash, its number of containers if set, whose container it shares,
# which others wait for to
# complete, and an image that has no digest or is still to be built.
function shares(other) {
  sub(/:r[ow]$/, "", other)
  if (other !~ /^container:/) print "shares\t" service "\t" other
}
function note(name) {
  if (!(service in image)) unpinned[++count] = service
  if (name != "" || !(service in image)) image[service] = name
}
FNR != NR { if (NF) print "hash\t" $1 "\t" ($1 in own ? own[$1] : $2); next }
/^[^ ]/ { top = key($0); next }
/^  [^ ]/ { name = key($0) }
top != "services" { next }
/^  [^ ]/ { service = name; next }
/^    [^ -]/ { section = key($0) }
/^    image:/ && !/@sha256:/ { note(value($0)) }
/^    build:/ { note("") }
section == "pre_start" && /^(      - |        )image:/ && !/@sha256:/ { note(value($0)) }
section == "volumes" && /^      - / { kind = "" }
section == "volumes" && /^(      - |        )type:/ { kind = value($0) }
section == "volumes" && kind == "image" && /^        source:/ && !/@sha256:/ { note(value($0)) }
section == "depends_on" && /^      [^ ]/ { other = key($0) }
section == "depends_on" && /^        condition: service_completed_successfully$/ && !completes[other]++ { print "completes\t" other }
/^    (network_mode|ipc|pid):/ && (other = value($0)) ~ /^service:/ { shares(substr(other, 9)) }
/^      - / && section == "volumes_from" { shares(value($0)) }
/^      korrigo.config:/ && section == "labels" { own[service] = value($0) }
/^    scale:/ || (/^      replicas:/ && section == "deploy") { print "replicas\t" service "\t" value($0) }
END {
  for (i = 1; i <= count; i++) print "unpinned\t" unpinned[i] "\t" image[unpinned[i]]
}
