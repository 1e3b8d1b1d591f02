# What a sealed compose.yml says that the hashes of Compose do not. The second input is what `config --hash '*'` prints of
# it. One fact a line: the hash of each service, how many containers it has where it says so, whose container it shares,
# and an image that has no digest, or is still to be built.
function text(line) { sub(/^[^:]*: */, "", line); gsub(/['"]/, "", line); return line }
function shares(other) {
  sub(/:r[ow]$/, "", other)
  if (other !~ /^container:/) print "shares\t" service "\t" other
}
FNR != NR { if (NF) print "hash\t" $1 "\t" ($1 in own ? own[$1] : $2); next }
/^[^ ]/ { top = $1; next }
top != "services:" { next }
/^  [^ ]/ { service = $1; gsub(/[:'"]/, "", service); next }
/^    [^ -]/ { section = $1 }
/^    (image|build):/ && !/@sha256:/ { print "unpinned\t" service "\t" text($0) }
/^    (network_mode|ipc|pid): ['"]?service:/ { other = text($0); sub(/^service:/, "", other); shares(other) }
/^      - / && section == "volumes_from:" { other = $0; gsub(/^ *- |['"]/, "", other); shares(other) }
/^      korrigo.config: / && section == "labels:" { own[service] = text($0) }
/^    scale: / || (/^      replicas: / && section == "deploy:") { print "replicas\t" service "\t" text($0) }
