# What a resolved release needs on this server (claims.awk), what the current one has, and what exists here: volumes,
# networks, and the containers and ports of other projects. Changes nothing. Arguments: root id
set -u
export LC_ALL=C
: "${tab:?}"
release=$1/releases/$2
current=$1/current
[ -e "$release/compose.yml" ] || exit 0
wanted=$(awk "$AWK_CLAIMS" "$release/compose.yml") || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 143' HUP INT TERM # dash and BusyBox end without the other one
# What exists here, in a file each. Without an answer this fails: where no volume is known, none could be left behind.
list() { # Arguments: volumes|networks|containers|cpus
  listed=$("list_$1") || return
  printf '%s\n' "$listed" | cat >"$work/$1" # which notices a full disk
}
list_volumes() { docker volume ls --format "{{.Name}}$tab{{.Label \"com.docker.compose.project\"}}"; }
list_networks() {
  networks=$(docker network ls --format "{{.ID}}${tab}here-network$tab{{.Name}}$tab{{.Label \"com.docker.compose.project\"}}$tab{{.Label \"com.docker.compose.network\"}}") || return
  printf '%s\n' "$networks" | cut -f 2-
  # shellcheck disable=SC2016 # a Go template
  printf '%s\n' "$networks" | cut -f 1 | xargs docker network inspect --format '{{$name := .Name}}{{if eq .Scope "local"}}{{range .IPAM.Config}}{{printf "here-subnet\t%s\t%s\n" $name .Subnet}}{{end}}{{end}}' | sed '/^$/d'
}
# This project's too: to tell a container that publishes a port from a program that only listens on it.
list_containers() {
  docker ps --all --format "container$tab{{.Names}}$tab{{.Label \"com.docker.compose.project\"}}$tab{{.Label \"com.docker.compose.service\"}}$tab{{.Label \"com.docker.compose.project.working_dir\"}}$tab{{.State}}$tab{{.Ports}}"
}
list_cpus() { printf 'cpus\t%s\n' "$(docker info --format '{{.NCPU}}' 2>/dev/null)"; }
case $wanted in *"${tab}cpus$tab"* | *"${tab}cpuset$tab"*) limited=cpus ;; *) limited='' ;; esac
beside list volumes networks containers $limited || exit 1
printf '%s\n' "$wanted"
tell_unchecked "$release/compose.yml"
if [ -e "$current/compose.yml" ]; then
  awk "$AWK_CLAIMS" "$current/compose.yml" | grep -E '^(mount|volume|network)' | sed 's/^/current-/'
  # Only which options differ, not how: those of a volume may contain a password.
  for file in "$current" "$release"; do awk -v definitions=1 "$AWK_CLAIMS" "$file/compose.yml" | sort -u; done |
    sort | uniq -u | cut -f 1-3 | sort -u | sed "s/^/redefined$tab/"
fi
# What Docker would not find when it creates a container, a volume or a network, after the old containers are gone. It knows every
# runtime named like one of containerd's, with dots. It only knows legacy plugins once the volumes have been listed.
known=''
knows() { # Arguments: kind name
  [ -n "$known" ] || known=$(
    # shellcheck disable=SC2016 # a Go template
    docker info --format '{{range $name, $_ := .Runtimes}}{{println "runtime" $name}}{{end}}{{range .Plugins.Log}}{{println "logging" .}}{{end}}{{range .Plugins.Volume}}{{println "volume" .}}{{end}}{{range .Plugins.Network}}{{println "network" .}}{{end}}{{if .Swarm.ControlAvailable}}{{println "swarm manager"}}{{end}}' 2>/dev/null &&
      docker plugin ls --format '{{if .Enabled}}plugin {{.Name}}{{end}}' 2>/dev/null
  ) || known=-
  case $known in *' '*) ;; *) return 0 ;; esac
  printf '%s\n' "$known" | sed 's/:latest$//' | grep -qxF -e "$1 ${2%:latest}" -e "plugin ${2%:latest}"
}
[ -z "$limited" ] || cat "$work/cpus"
printf '%s\n' "$wanted" | while IFS=$tab read -r fact service kind name; do
  case $fact:$kind:$name in
    engine:device:*) if [ -e "$name" ] || [ ! -x "${name%/*}/" ]; then continue; fi ;;
    engine:runtime:*.* | engine:runtime:runc | engine:logging:none | engine:logging:local | engine:logging:json-file) continue ;;
    engine:volume:local | engine:network:bridge | engine:network:host | engine:network:none | engine:network:null | engine:network:default | engine:network:*vlan) continue ;;
    engine:gpu:* | engine:gpus:*)
      for sign in /proc/driver/nvidia /dev/nvidia* /dev/dxg /dev/kfd /etc/cdi/* /run/cdi/* /run/docker/plugins/nvidia*; do [ ! -e "$sign" ] || continue 2; done
      if command -v nvidia-container-runtime-hook >/dev/null || knows runtime nvidia; then continue; fi
      ;;
    engine:network:overlay) ! knows swarm manager || continue ;;
    engine:volume:* | engine:network:*)
      for sign in "/etc/docker/plugins/$name".* "/usr/lib/docker/plugins/$name".* "/run/docker/plugins/$name".sock; do [ ! -e "$sign" ] || continue 2; done
      ! knows "$kind" "$name" || continue
      ;;
    engine:*) ! knows "$kind" "$name" || continue ;;
    *) continue ;;
  esac
  printf 'lacks\t%s\t%s\t%s\n' "$service" "$kind" "$name"
done
# A folder that a container would find empty. One that only root may enter counts as data.
printf '%s\n' "$wanted" | while IFS=$tab read -r fact _ kind path _ mode; do
  if [ "$fact $kind $mode" != 'mount bind rw' ] || [ ! -d "$path" ]; then continue; fi
  if entries=$(ls -A "$path" 2>/dev/null) && [ -z "$entries" ]; then printf 'empty\t%s\n' "$path"; fi
done
# Shipped files that a container of the current release may write to, and that were changed (.shipped: seal.sh).
[ ! -e "$current/paths.tab" ] || cut -f 2 "$current/paths.tab" | sort -u | while IFS= read -r path; do
  if [ ! -f "$path" ] || [ ! -e "${path%/*}/.shipped" ]; then continue; fi
  [ "$(sha256sum <"$path" | cut -d ' ' -f 1)" = "$(cat "${path%/*}/.shipped")" ] || printf 'written\t%s\n' "$path"
done
awk -F "$tab" 'NF && ($1 !~ /^[0-9a-f]+$/ || length($1) != 64) { print "here-volume" FS $0 }' "$work/volumes"
cat "$work/networks" "$work/containers"
for table in /proc/net/tcp /proc/net/tcp6; do
  [ ! -r "$table" ] || awk 'FNR > 1 && $4 == "0A" { print "listening\t" $2 }' "$table"
done | sort -u
# A Docker process holds each published port, and may keep it when the engine was killed and the container is gone.
grep -ls 'docker-prox[y]' /proc/[0-9]*/cmdline 2>/dev/null | while read -r file; do
  tr '\0' '\n' 2>/dev/null <"$file" | awk '$0 == "-host-port" && (getline port) > 0 { print "proxied\t" port }'
done | sort -u
