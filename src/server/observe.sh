# Reports what a deploy must know about this server. Changes nothing.
# Arguments: root project
set -u
root=$1 project=$2

free() { # KiB that a user may still write where the path is, or where it will be
  path=$1
  while [ ! -e "$path" ]; do path=$(dirname "$path"); done
  df -Pk "$path" 2>/dev/null | awk 'NR == 2 { print $4 }'
}

few_inodes() { # A disk that has space and none for another file. Arguments: path
  number=$(df -Pi "$1" 2>/dev/null | awk 'NR == 2 && $2 + 0 > 0 { print $4 }')
  case $number in '' | *[!0-9]*) return 0 ;; esac
  [ "$number" -ge 1000 ] || fact inodes "$number $1"
}

# Where running containers were started that no release describes, and Compose's options for starting them from there again, if this
# user can: the newest one was created by the last `up`. Also the services that would not be the same.
by_hand() {
  rows=$(docker ps --filter "label=com.docker.compose.project=$project" --filter label=com.docker.compose.oneoff=False --format \
    '{{.Label "com.docker.compose.service"}} {{.Label "com.docker.compose.config-hash"}}|{{.Label "com.docker.compose.project.working_dir"}}|{{.Label "com.docker.compose.project.config_files"}}|{{.Label "com.docker.compose.project.environment_file"}}') || return
  IFS='|' read -r _ folder files env_files <<END
$rows
END
  case $files in '' | "$root"/releases/*) return ;; esac
  services=$(printf '%s\n' "$rows" | sed 's/ .*//' | sort -u)
  cd "$folder" 2>/dev/null || return
  export PWD
  set -f
  IFS=,
  set -- --project-directory "$folder"
  for file in $files; do set -- "$@" --file "$(absolute "$file")"; done
  for file in $env_files; do set -- "$@" --env-file "$(absolute "$file")"; done
  unset IFS
  # It reads everything that `up` would read.
  # shellcheck disable=SC2086 # names
  timeout 20 docker compose --project-name "$project" "$@" config --quiet $services >/dev/null 2>&1 </dev/null || return
  same=$(timeout 20 docker compose --project-name "$project" "$@" --profile '*' config --hash '*' 2>/dev/null </dev/null)
  others=$(printf '%s\n' "$rows" | sed 's/|.*//' | grep -vxF -e "$same" | sed 's/ .*//' | sort -u | tr '\n' ' ')
  fact by-hand "$folder" "$others" "$@"
}
absolute() { case $1 in /*) printf %s "$1" ;; *) printf %s "$folder/$1" ;; esac }

missing=
for program in docker tar awk sed sort comm sha256sum timeout df; do
  command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
fact user "$(id -un)"
fact machine "$(uname -m)"
fact kernel "$(uname -r)"
fact time "$(date +%s)"
fact memory "$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)"
[ -z "$missing" ] || fact missing-programs "$missing"
for program in curl wget; do
  ! command -v "$program" >/dev/null 2>&1 || fact asks "$program"
done

case "$missing" in
  *docker*) ;;
  *)
    # Where no engine answers, `docker info --format` succeeds and has nothing to say. It starts Docker's plugins, and knows Compose's version.
    ask() {
      said=$({ docker info --format '{{.ServerVersion}} {{range .ClientInfo.Plugins}}{{if eq .Name "compose"}}{{.Version}}{{end}}{{end}} {{.DockerRootDir}}' 2>&1 >&3 3>&- |
        sed -n 's/^WARNING: Error [a-z]* config file:* /broken /p'; } 3>&1)
      info=$(printf '%s\n' "$said" | sed '/^broken /d')
    }
    ask
    version=
    # It may be back already.
    [ -n "${info%% *}" ] || ! docker version >/dev/null 2>&1 || ask
    if [ -n "${info%% *}" ]; then
      fact docker "${info%% *}"
      info=${info#* }
      version=${info%% *} folder=${info#* }
      fact disk-images "$(free "$folder") $folder"
      [ ! -e "$folder" ] || few_inodes "$folder"
      # Without an answer it fails: a server that seems to have no containers would be taken for an empty one.
      networks=$(docker network ls --quiet --no-trunc) || exit
      all=$(containers "$project") || exit
      printf '%s\n' "$networks" | while IFS= read -r id; do fact network-id "$id"; done
      [ -z "$all" ] || printf '%s\n' "$all" | while IFS= read -r line; do fact container "$line"; done
    else
      case $(docker --version 2>/dev/null) in *odman*) fact podman yes ;; esac
      for name in DOCKER_HOST DOCKER_CONTEXT; do
        eval "value=\${$name-}"
        # shellcheck disable=SC2154 # set by eval
        [ -z "$value" ] || fact docker-set "$name=$value"
      done
      fact docker-error "$(docker version --format '{{.Server.Version}}' 2>&1 | tr '\n' ' ')"
    fi
    # Docker goes on without it, and says so in each command.
    broken=$(printf '%s\n' "$said" | sed -n 's/^broken //p' | head -n 1)
    [ -z "$broken" ] || fact docker-config "$broken"
    config=${DOCKER_CONFIG:-${HOME:-}/.docker} # Docker looks for its plugins there, too, and finds none if it may not
    if [ -n "$version" ] || version=$(docker compose version --short 2>/dev/null); then
      fact compose "${version#v}"
    elif [ -d "$config" ] && { [ ! -r "$config" ] || [ ! -x "$config" ]; }; then
      fact not-owned "$(stat -c %U "$config") $config"
    else
      fact compose-missing yes
    fi
    ;;
esac

parent=$root
while [ ! -e "$parent" ]; do parent=$(dirname "$parent"); done
if [ ! -d /tmp ] || [ ! -w /tmp ]; then fact no-tmp yes; else fact disk-tmp "$(free /tmp) /tmp"; fi
if [ ! -d "$parent" ] || [ ! -w "$parent" ]; then fact not-writable "$parent"; fi
# Somebody may have worked there with sudo.
for path in "$root/releases" "$root/files" "$root/lease" "$root/lease/lock" "$root/history.jsonl"; do
  if [ -e "$path" ] && [ ! -w "$path" ]; then fact not-owned "$(stat -c %U "$path") $path"; fi
done
fact disk-root "$(free "$root") $parent"
few_inodes "$parent"
# The same for two names of one server.
fact place "$(cat /proc/sys/kernel/random/boot_id) $(stat -c %d:%i "$parent")"
if [ -L "$root/current" ] && [ -e "$root/current/compose.yml" ]; then
  fact current "$(basename "$(readlink "$root/current")")"
  [ ! -e "$root/current/release.json" ] || fact json "$(tr -d '\n' <"$root/current/release.json")"
elif [ -L "$root/current" ]; then
  fact current-lost "$root/current -> $(readlink "$root/current")"
elif [ -e "$root/current" ]; then
  fact current-folder "$root/current"
elif [ -n "${all-}" ]; then
  (by_hand)
fi
# Without a program for each: there may be a hundred.
for release in "$root"/releases/*/compose.yml; do
  [ -e "$release" ] || continue
  release=${release%/compose.yml}
  fact release "${release##*/}"
done
for file in "$root"/files/*; do
  [ ! -e "$file" ] || fact file "${file##*/}"
done
# The last attempts, and of those before the ones that touched what runs: refusals do not push them out of sight.
[ ! -e "$root/history.jsonl" ] || awk '
  { line[NR] = $0 }
  END { for (n = 1; n <= NR; n++) if (n > NR - 200 || line[n] ~ /"switched":true/) print "attempt\t" line[n] }
' "$root/history.jsonl" | tail -n 1000
