# What must be known of this server before a deploy. Changes nothing.
# Arguments: root project
set -u
root=$1 project=$2

free() { # KiB that a user may still write where the path is, or where it will be
  path=$1
  while [ ! -e "$path" ]; do path=$(dirname "$path"); done
  df -Pk "$path" 2>/dev/null | awk 'NR == 2 { print $4 }'
}

missing=
for program in docker tar awk sed sort comm sha256sum timeout df; do
  command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
fact user "$(id -un)"
fact machine "$(uname -m)"
fact kernel "$(uname -r)"
fact memory "$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)"
[ -z "$missing" ] || fact missing-programs "$missing"
for program in curl wget; do
  ! command -v "$program" >/dev/null 2>&1 || fact asks "$program"
done

case "$missing" in
  *docker*) ;;
  *)
    # Where no engine answers, `docker info --format` succeeds and has nothing to say.
    info=$(docker info --format '{{.ServerVersion}} {{.DockerRootDir}}' 2>/dev/null) || info=
    if [ -n "${info%% *}" ]; then
      fact docker "${info%% *}"
      fact disk-images "$(free "${info#* }") ${info#* }"
      containers "$project" | while IFS= read -r line; do fact container "$line"; done
    else
      case $(docker --version 2>/dev/null) in *odman*) fact podman yes ;; esac
      fact docker-error "$(docker version --format '{{.Server.Version}}' 2>&1 | tr '\n' ' ')"
    fi
    if version=$(docker compose version --short 2>/dev/null); then fact compose "$version"; else fact compose-missing yes; fi
    ;;
esac

parent=$root
while [ ! -e "$parent" ]; do parent=$(dirname "$parent"); done
if [ ! -d "$parent" ] || [ ! -w "$parent" ]; then fact not-writable "$parent"; fi
fact disk-root "$(free "$root") $parent"
if [ -e "$root/current/compose.yml" ]; then
  fact current "$(basename "$(readlink "$root/current")")"
  [ ! -e "$root/current/release.json" ] || fact json "$(tr -d '\n' <"$root/current/release.json")"
fi
for release in "$root"/releases/*/compose.yml; do
  [ ! -e "$release" ] || fact release "$(basename "$(dirname "$release")")"
done
for file in "$root"/files/*; do
  [ ! -e "$file" ] || fact file "$(basename "$file")"
done
# The last attempts, and of those before the ones that touched what runs: refusals do not push them out of sight.
[ ! -e "$root/history.jsonl" ] || awk '
  { line[NR] = $0 }
  END { for (n = 1; n <= NR; n++) if (n > NR - 200 || line[n] ~ /"switched":true/) print "attempt\t" line[n] }
' "$root/history.jsonl" | tail -n 1000
