# Puts a release's env-files in place under shared/, each in one atomic step, readable only by the deploy
# user. The files they replace are kept in the release's folder for an undo (restore.sh). Arguments: root id
set -eu
umask 022
root=$1
incoming=$root/releases/$2/shared
replaced=$root/releases/$2/replaced
[ -d "$incoming" ] || exit 0
(umask 077 && mkdir -p "$replaced/files")
(cd "$incoming" && find . -type f) | while IFS= read -r file; do
  file=${file#./}
  mkdir -p "$(dirname "$root/shared/$file")"
  chmod 600 "$incoming/$file"
  # One of somebody else is replaced: only its owner may change its mode.
  if cmp -s "$incoming/$file" "$root/shared/$file" && chmod 600 "$root/shared/$file" 2>/dev/null; then continue; fi
  if [ -e "$root/shared/$file" ]; then
    (umask 077 && mkdir -p "$(dirname "$replaced/files/$file")")
    put "$root/shared/$file" "$replaced/files/$file" # whole, or not at all: half of it would come back
  else
    printf '%s\n' "$file" >>"$replaced/new.txt"
  fi
  put "$incoming/$file" "$root/shared/$file"
done
rm -rf "$incoming"
