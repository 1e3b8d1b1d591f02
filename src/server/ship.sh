# Unpacks what a release brings (a tar on stdin) into the application's folder: shipped files by content, and the release's
# own folder. Files that a workflow writes wait in there until the switch begins (place.sh): nothing that runs may find
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
tar -xpf - -C "$incoming"

for file in "$incoming"/files/*; do
  # Moved into place when it is whole: a folder that is named after its content is never half there.
  name=$(basename "$file")
  if [ ! -e "$file" ] || [ -e "$root/files/$name" ]; then continue; fi
  mv "$file" "$root/files/"
  printf 'file\t%s\n' "$name" >>"$incoming/release/added.tab"
done

# Content that was there before, and now takes the place of another one, is newer than that. What the current release has
# already stays as it is: to a browser it did not change.
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
