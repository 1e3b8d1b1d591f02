# Removes what no kept release needs: release folders, shipped files, and our own tags of images (an image that something
# else names or runs stays). Kept are the current release, failed ones that containers still run from, and the newest
# that succeeded, each commit counted once: deploying one again and again pushes no other out. Volumes and other projects are never touched, nor what looks like data: that is reported, and stays.
# Arguments: root project number-of-releases
set -eu
: "${tab:?}"
export LC_ALL=C
root=$1 project=$2 keep=$3
cd "$root"
[ -d releases ] || exit 0
touch history.jsonl
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk "$AWK_HISTORY" history.jsonl >"$work/history"
succeeded() { # ids, the one that succeeded last first; what was current before an attempt had succeeded, too
  awk -F "$tab" '
    $3 != "" { line[++n] = $3 }
    $2 == "succeeded" { line[++n] = $1 }
    END { for (; n > 0; n--) if (!seen[line[n]]++) print line[n] }
  ' "$work/history" | while IFS= read -r id; do [ ! -e "releases/$id/compose.yml" ] || printf '%s\n' "$id"; done
}
# Where Docker is not responding, this fails: nothing is removed that may be in use.
used=$(docker ps --all --filter "label=com.docker.compose.project=$project" \
  --format '{{.Label "com.docker.compose.project.config_files"}}')
settled() { # ids whose last attempt came before the last success: since then nothing runs from their files
  awk -F "$tab" '{ last[$1] = NR } $2 == "succeeded" { good = NR } END { for (id in last) if (last[id] < good) print id }' "$work/history"
}
unfinished() { # ids of failed releases that containers still run from: their files are in use
  printf '%s\n' "$used" | sed -n "s|^$root/releases/\([^/]*\)/compose.yml\$|\1|p" | sort -u |
    while IFS= read -r id; do { succeeded; settled; } | grep -qxF -e "$id" || printf '%s\n' "$id"; done
}
kept=$({
  [ ! -e current/compose.yml ] || basename "$(readlink current)"
  unfinished
  # The one before the last stays whatever its commit: it is what `previous` goes back to.
  succeeded | awk -F - -v keep="$keep" '!seen[$3]++ { fresh = ++count <= keep } fresh || (NR == 2 && keep > 1); { fresh = 0 }'
} | sort -u)
is_kept() { printf '%s\n' "$kept" | grep -qxF -e "$1"; }

# What any container of this machine mounts, and what its volumes bind.
containers=$(docker ps --all --quiet --no-trunc)
[ -z "$containers" ] || printf '%s\n' "$containers" |
  xargs docker inspect --type container --format '{{range .Mounts}}{{println .Source}}{{end}}' >"$work/mounts" 2>/dev/null || true
docker volume ls --quiet | xargs docker volume inspect --format '{{with .Options}}{{.device}}{{end}}' >>"$work/mounts" 2>/dev/null || true
is_mounted() { # Arguments: path, or a folder with such a path below it
  awk -v path="$1" '$0 == path || index($0, path "/") == 1 { found = 1 } END { exit !found }' "$work/mounts"
}
holds_data() { # Whether there is something in the folder of a release that no deploy brought there. Arguments: folder
  for entry in "$1"/* "$1"/.[!.]*; do
    case ${entry##*/} in source | shared | replaced) continue ;; esac
    if [ -d "$entry" ] && [ ! -h "$entry" ] && [ -n "$(find "$entry" ! -type d | head -n 1)" ]; then return 0; fi
  done
  [ -e "$1/compose.yml" ] && [ -n "$(find "$1" -path "$1/replaced" -prune -o -type f -newer "$1/compose.yml" -print | head -n 1)" ]
}

is_written() { # Whether a shipped file is no longer what it was. Arguments: folder
  [ -e "$1/.shipped" ] || return 1
  for entry in "$1"/*; do
    [ "$(sha256sum <"$entry" | cut -d ' ' -f 1)" = "$(cat "$1/.shipped")" ] || return 0
  done
  return 1
}

# What env-files replaced is for the way back (restore.sh), and may be secret: it goes when there is none any more.
if [ ! -e lease/armed ] && [ ! -e lease/undoing ] && [ ! -e lease/failed ]; then rm -rf releases/*/replaced; fi

for release in releases/*; do
  id=$(basename "$release")
  if is_kept "$id" || [ ! -d "$release" ] || [ -h "$release" ]; then continue; fi
  if is_mounted "$root/$release"; then fact kept "$root/$release" 'a container or a volume uses it'
  elif holds_data "$release"; then fact kept "$root/$release" 'it holds files that no deploy brought there'
  else rm -rf "$release"; fi
done

needed=$(cat releases/*/compose.yml releases/*/paths.tab 2>/dev/null | sed -n 's|.*/files/\([0-9a-f]\{16\}\)/.*|\1|p' | sort -u)
for file in files/*; do
  if [ ! -e "$file" ] || printf '%s\n' "$needed" | grep -qxF -e "$(basename "$file")"; then continue; fi
  # Of a container that is not there for long any more: the next deploy looks again.
  if is_mounted "$root/$file"; then continue; fi
  if is_written "$file"; then fact kept "$root/$file" 'a container has written to it'
  else rm -rf "$file"; fi
done

docker image ls --format '{{.Repository}}:{{.Tag}}' |
  grep -E ":$project-[0-9]{8}-[0-9]{6}-[0-9a-f]{12}\$" |
  while IFS= read -r image; do
    is_kept "${image##*:"$project"-}" || docker image rm "$image" >/dev/null 2>&1 || true
  done
