# Puts the files that came with a release in place under shared/, each in one step, for the deploy user alone. What they
# replace stays in the release's folder, for the way back (restore.sh). Arguments: root id
set -eu
umask 022
root=$1
came=$root/releases/$2/shared
replaced=$root/releases/$2/replaced
[ -d "$came" ] || exit 0
(umask 077 && mkdir -p "$replaced/files")
(cd "$came" && find . -type f) | while IFS= read -r file; do
  file=${file#./}
  mkdir -p "$(dirname "$root/shared/$file")"
  chmod 600 "$came/$file"
  if cmp -s "$came/$file" "$root/shared/$file"; then
    chmod 600 "$root/shared/$file"
    continue
  fi
  if [ -e "$root/shared/$file" ]; then
    (umask 077 && mkdir -p "$(dirname "$replaced/files/$file")")
    cp -p "$root/shared/$file" "$replaced/files/$file"
  else
    printf '%s\n' "$file" >>"$replaced/new.txt"
  fi
  mv -fT "$came/$file" "$root/shared/$file"
done
rm -rf "$came"
