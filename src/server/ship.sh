# Unpacks what a release brings (a tar on stdin) into the application's folder: shipped files by content, the release's
# own folder, and files under shared/ that a workflow writes. Arguments: root id
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

if [ -d "$incoming/shared" ]; then
  (cd "$incoming/shared" && find . -type f) | while IFS= read -r file; do
    mkdir -p "$(dirname "$root/shared/$file")"
    chmod 600 "$incoming/shared/$file"
    if cmp -s "$incoming/shared/$file" "$root/shared/$file"; then
      chmod 600 "$root/shared/$file"
    else
      mv -fT "$incoming/shared/$file" "$root/shared/$file"
      printf 'wrote\t%s\n' "${file#./}"
    fi
  done
fi

rm -rf "$release"
chmod 700 "$incoming/release"
mv "$incoming/release" "$release"
