# Unpacks a release (a tar on stdin) into the application's folder: shipped files by content, and the release's own
# folder. Files from env-files wait there until the switch begins (write-env-files.sh): no running container may find
# them before. Arguments: root id
set -eu
umask 022
root=$1 id=$2
incoming=$root/.incoming-$id
release=$root/releases/$id
mkdir -p "$root/files" "$root/releases" "$root/shared"
rm -rf "$incoming"
mkdir -m 700 "$incoming"
trap 'rm -rf "$incoming"' EXIT
trap 'exit 143' HUP INT TERM # dash and BusyBox end without the other one
tar -xpf - -C "$incoming"

for file in "$incoming"/files/*; do
  # Moved into place once it is complete: a folder named after its content is never incomplete.
  name=$(basename "$file")
  if [ ! -e "$file" ] || [ -e "$root/files/$name" ]; then continue; fi
  if why=$(mv "$file" "$root/files/" 2>&1); then printf 'file\t%s\n' "$name" >>"$incoming/release/added.tab"
  elif [ ! -e "$root/files/$name" ]; then # nor has another run brought it at the same moment
    printf '%s\n' "$why" >&2
    exit 1
  fi
done

# Content that existed before and now replaces other content gets a newer time than that. What the current release already
# has keeps its time: to a browser it has not changed.
awk -F "\t" -v current="$root/current/paths.tab" '
  function item(path) { return match(path, "files/[0-9a-f]+/") ? substr(path, RSTART, RLENGTH) : "" }
  BEGIN { while ((getline row < current) > 0) used[item(row)] }
  !(item($2) in used)
' "$incoming/release/times.tab" >"$incoming/times"
cut -f 1 "$incoming/times" | sort -u | while IFS= read -r seconds; do
  touch -d "@$seconds" "$incoming/time"
  awk -F "\t" -v seconds="$seconds" '$1 == seconds { print $2 }' "$incoming/times" | (
    cd "$root"
    # shellcheck disable=SC3013 # dash, bash and BusyBox have it
    while IFS= read -r file; do
      if [ "$incoming/time" -nt "$file" ]; then touch -r "$incoming/time" "$file"; fi
    done
  )
done
rm "$incoming/release/times.tab"

rm -rf "$release"
chmod 700 "$incoming/release"
[ ! -d "$incoming/shared" ] || mv "$incoming/shared" "$incoming/release/shared"
mv "$incoming/release" "$release"
