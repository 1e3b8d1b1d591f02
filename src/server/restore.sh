# Restores the files that a release's env-files have replaced, each in one atomic step. Arguments: root id
set -eu
umask 022
root=$1
replaced=$root/releases/$2/replaced
[ -d "$replaced" ] || exit 0
if [ -s "$replaced/new.txt" ]; then
  while IFS= read -r file; do rm -f "$root/shared/$file"; done <"$replaced/new.txt"
fi
# An incomplete copy does not count.
[ ! -d "$replaced/files" ] || (cd "$replaced/files" && find . ! -type d ! -name '*.korrigo-new') | while IFS= read -r file; do
  put "$replaced/files/$file" "$root/shared/$file"
done
