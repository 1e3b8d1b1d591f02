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
  [ ! -e "$file" ] || [ -e "$root/files/$(basename "$file")" ] || mv "$file" "$root/files/"
done

rm -rf "$release"
chmod 700 "$incoming/release"
[ ! -d "$incoming/shared" ] || mv "$incoming/shared" "$incoming/release/shared"
mv "$incoming/release" "$release"
