# Puts the files back that the env-files of a release had replaced, each in one step. Arguments: root id
set -eu
umask 022
root=$1
replaced=$root/releases/$2/replaced
[ -d "$replaced" ] || exit 0
if [ -s "$replaced/new.txt" ]; then
  while IFS= read -r file; do rm -f "$root/shared/$file"; done <"$replaced/new.txt"
fi
[ ! -d "$replaced/files" ] || (cd "$replaced/files" && find . -type f) | while IFS= read -r file; do
  cp -p "$replaced/files/$file" "$root/shared/$file.korrigo-new"
  mv -fT "$root/shared/$file.korrigo-new" "$root/shared/$file"
done
