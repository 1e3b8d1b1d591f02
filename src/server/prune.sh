# Removes what no kept release needs: release folders, shipped files, and our own tags of images (an image that has another
# name or is in use stays). Kept are the current release, failed ones that containers still run from, and the newest
# that succeeded, each commit counted once: deploying one repeatedly displaces no other. Volumes and other projects are never touched; what looks like data is reported, and stays.
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
trap 'exit 143' HUP INT TERM # dash and BusyBox end without the other one

awk "$AWK_HISTORY" history.jsonl >"$work/history"
succeeded() { # ids, the one that succeeded last first; what was current before an attempt had succeeded, too
  awk -F "$tab" '
    $3 != "" { line[++n] = $3 }
    $2 == "succeeded" { line[++n] = $1 }
    END { for (; n > 0; n--) if (!seen[line[n]]++) print line[n] }
  ' "$work/history" | while IFS= read -r id; do [ ! -e "releases/$id/compose.yml" ] || printf '%s\n' "$id"; done
}
# If Docker is not responding, this fails: nothing that may be in use is removed.
used=$(docker ps --all --filter "label=com.docker.compose.project=$project" \
  --format '{{.Label "com.docker.compose.project.config_files"}}')
settled() { # ids whose last attempt came before the last success: since then nothing runs from their files
  awk -F "$tab" '{ last[$1] = NR } $2 == "succeeded" { good = NR } END { for (id in last) if (last[id] < good) print id }' "$work/history"
}
unfinished() { # ids of failed releases that containers still run from: their files are in use
  printf '%s\n' "$used" | sed -n "s|^$root/releases/\([^/]*\)/compose.yml\$|\1|p" | sort -u |
    while IFS= read -r id; do { succeeded; settled; } | grep -qxF -e "$id" || printf '%s\n' "$id"; done
}
brought() { # ids that no attempt was made with, of the last hour: a plan looks at them, or a deploy that waits for its turn
  {
    cut -f 1 "$work/history"
    echo
    find releases -mindepth 1 -maxdepth 1 -type d -mmin -60 | sed 's|.*/||'
  } | awk '$0 == "" { young = 1; next } !young { tried[$0]; next } !($0 in tried)'
}
kept=$({
  [ ! -e current/compose.yml ] || basename "$(readlink current)"
  unfinished
  brought
  # The one before the last stays whatever its commit: `previous` rolls back to it.
  succeeded | awk -F - -v keep="$keep" '!seen[$3]++ { fresh = ++count <= keep } fresh || (NR == 2 && keep > 1); { fresh = 0 }'
} | sort -u)
# Whether this is a line of a text. Without starting a program for each: there may be hundreds. Arguments: text line
has_line() {
  case "
$1
" in *"
$2
"*) ;; *) return 1 ;; esac
}

# What any container on this machine mounts, and what its volumes bind. One that disappears after it was listed uses nothing. If
# there is no answer about one that still exists, this fails too. Each is also listed by its own name, to show that it answered.
look_at() { # Arguments: container|volume template command-of-docker-that-lists...
  kind=$1 template=$2
  shift 2
  : >"$work/mounts-$kind"
  docker "$@" >"$work/listed-$kind"
  [ -s "$work/listed-$kind" ] || return 0
  xargs docker inspect --type "$kind" --format "$template" <"$work/listed-$kind" >"$work/mounts-$kind" 2>"$work/why-$kind" && return 0
  docker "$@" >"$work/there-$kind"
  while IFS= read -r name; do
    if grep -qxF -e "$name" "$work/mounts-$kind" || ! grep -qxF -e "$name" "$work/there-$kind"; then continue; fi
    cat "$work/why-$kind" >&2
    echo "nothing was removed, because Docker does not say what the $kind $name uses" >&2
    exit 1
  done <"$work/listed-$kind"
}
look_at container '{{println .ID}}{{range .Mounts}}{{println .Source}}{{end}}' ps --all --quiet --no-trunc &
containers=$!
look_at volume '{{println .Name}}{{with .Options}}{{.device}}{{end}}' volume ls --quiet
wait "$containers"
cat "$work/mounts-container" "$work/mounts-volume" >"$work/mounts"
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

# What env-files has replaced is for the rollback (restore.sh), and may be secret: it goes when no rollback can need it.
if [ ! -e lease/armed ] && [ ! -e lease/undoing ] && [ ! -e lease/failed ]; then rm -rf releases/*/replaced; fi

# From a run that was killed while it unpacked: there may be secrets in it.
find . -maxdepth 1 -name '.incoming-*' -mmin +60 -exec rm -rf {} +
[ ! -d files ] || find files -maxdepth 1 -name '.merging-*' -mmin +60 -exec rm -rf {} +

for release in releases/*; do
  if has_line "$kept" "${release##*/}" || [ ! -d "$release" ] || [ -h "$release" ]; then continue; fi
  if is_mounted "$root/$release"; then fact kept "$root/$release" 'a container or a volume uses it'
  elif holds_data "$release"; then fact kept "$root/$release" 'it holds files that no deploy brought there'
  else rm -rf "$release"; fi
done

needed=$(cat releases/*/compose.yml releases/*/paths.tab 2>/dev/null | sed -n 's|.*/files/\([0-9a-f]\{16\}\)/.*|\1|p' | sort -u)
for file in files/*; do
  if [ ! -e "$file" ] || has_line "$needed" "${file##*/}"; then continue; fi
  # For a container that will soon be gone: the next deploy looks again.
  if is_mounted "$root/$file"; then continue; fi
  if is_written "$file"; then fact kept "$root/$file" 'a container has written to it'
  else rm -rf "$file"; fi
done

# One call for all of them: a release with 200 services has as many tags.
docker image ls --format '{{.Repository}}:{{.Tag}}' |
  grep -E ":$project-[0-9]{8}-[0-9]{6}-[0-9a-f]{12}\$" |
  awk -v project="$project" -v kept="$(printf '%s\n' "$kept" | tr '\n' ' ')" '
    BEGIN { for (n = split(kept, id, " "); n > 0; n--) needed[id[n]] = 1 }
    { tag = $0; sub(/.*:/, "", tag) }
    !(substr(tag, length(project) + 2) in needed)
  ' | tr '\n' '\0' | xargs -0 -r docker image rm >/dev/null 2>&1 || true
