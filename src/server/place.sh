# Puts the files that came with a release in place under shared/, each in one step, for the deploy user alone.
# Arguments: root id
set -eu
umask 022
root=$1
came=$root/releases/$2/shared
[ -d "$came" ] || exit 0
(cd "$came" && find . -type f) | while IFS= read -r file; do
  mkdir -p "$(dirname "$root/shared/$file")"
  chmod 600 "$came/$file"
  if cmp -s "$came/$file" "$root/shared/$file"; then
    chmod 600 "$root/shared/$file"
  else
    mv -fT "$came/$file" "$root/shared/$file"
  fi
done
rm -rf "$came"
