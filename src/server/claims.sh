# What a resolved release wants of this server (claims.awk), what the current one has, and what is here already: volumes,
# networks, containers and ports of others. Changes nothing. Arguments: root id
set -u
export LC_ALL=C
: "${tab:?}"
release=$1/releases/$2
current=$1/current
[ -e "$release/compose.yml" ] || exit 0
wanted=$(awk "$AWK_CLAIMS" "$release/compose.yml")
printf '%s\n' "$wanted"
if [ -e "$current/compose.yml" ]; then
  awk "$AWK_CLAIMS" "$current/compose.yml" | grep -E '^(mount|volume|network)' | sed 's/^/current-/'
  # Only what is another option, not how: those of a volume may hold a password.
  for file in "$current" "$release"; do awk -v definitions=1 "$AWK_CLAIMS" "$file/compose.yml" | sort -u; done |
    sort | uniq -u | cut -f 1-3 | sort -u | sed "s/^/redefined$tab/"
fi
# A folder that a container would find empty. One that only root may enter is somebody's data.
printf '%s\n' "$wanted" | while IFS=$tab read -r fact _ kind path _ mode; do
  if [ "$fact $kind $mode" != 'mount bind rw' ] || [ ! -d "$path" ]; then continue; fi
  if entries=$(ls -A "$path" 2>/dev/null) && [ -z "$entries" ]; then printf 'empty\t%s\n' "$path"; fi
done
# Shipped files that a container of the current release may write to, and something did (.shipped: seal.sh).
[ ! -e "$current/paths.tab" ] || cut -f 2 "$current/paths.tab" | sort -u | while IFS= read -r path; do
  if [ ! -f "$path" ] || [ ! -e "${path%/*}/.shipped" ]; then continue; fi
  [ "$(sha256sum <"$path" | cut -d ' ' -f 1)" = "$(cat "${path%/*}/.shipped")" ] || printf 'written\t%s\n' "$path"
done
volumes=$(docker volume ls --format "{{.Name}}$tab{{.Label \"com.docker.compose.project\"}}") || exit 0
printf '%s\n' "$volumes" | awk -F "$tab" 'NF && ($1 !~ /^[0-9a-f]+$/ || length($1) != 64) { print "here-volume" FS $0 }'
docker network ls --format "here-network$tab{{.Name}}$tab{{.Label \"com.docker.compose.project\"}}$tab{{.Label \"com.docker.compose.network\"}}"
# shellcheck disable=SC2016 # a Go template
docker network ls --quiet | xargs docker network inspect --format '{{$name := .Name}}{{range .IPAM.Config}}{{printf "here-subnet\t%s\t%s\n" $name .Subnet}}{{end}}' | grep .
# Of this project, too: what publishes a port is told from what only listens on it.
docker ps --all --format "container$tab{{.Names}}$tab{{.Label \"com.docker.compose.project\"}}$tab{{.Label \"com.docker.compose.service\"}}$tab{{.Label \"com.docker.compose.project.working_dir\"}}$tab{{.State}}$tab{{.Ports}}"
for table in /proc/net/tcp /proc/net/tcp6; do
  [ ! -r "$table" ] || awk 'FNR > 1 && $4 == "0A" { print "listening\t" $2 }' "$table"
done | sort -u
# Docker holds a published port by a process, and may keep that when the container goes after the engine was killed.
grep -ls 'docker-prox[y]' /proc/[0-9]*/cmdline 2>/dev/null | while read -r file; do
  tr '\0' '\n' 2>/dev/null <"$file" | awk '$0 == "-host-port" && (getline port) > 0 { print "proxied\t" port }'
done | sort -u
