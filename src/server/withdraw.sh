# Removes what a plan has put on a server: the folder of its release, and what it added to the application's folder.
# What another run may need by now stays. Arguments: root id
set -eu
root=$1 id=$2
release=$root/releases/$id
[ -d "$release" ] || exit 0
tab=$(printf '\t')
added=$(cat "$release/added.tab" 2>/dev/null) || added=''
rm -rf "$release"

# A deploy checks what exists after it has taken the lease; a plan does so without one, and names it in its release.
wanted() {
  [ ! -e "$root/lease/token" ] || return 0
  cat "$root"/releases/*/paths.tab 2>/dev/null | grep -qF "/files/$1/"
}
printf '%s\n' "$added" | while IFS=$tab read -r kind name; do
  case $kind in
    file)
      file=$root/files/$name gone=$root/files/.gone-$id-$name
      if wanted "$name"; then continue; fi
      mv "$file" "$gone" 2>/dev/null || continue
      # A run that saw it before it was moved has shown itself by now.
      # Or has shipped it again.
      if ! wanted "$name" || ! mv -T "$gone" "$file" 2>/dev/null; then rm -rf "$gone"; fi
      ;;
    folder) [ -e "$root/lease/token" ] || (cd "$root/shared" && rmdir -p "./$name") 2>/dev/null || true ;;
  esac
done
if [ ! -h "$root/current" ] && [ ! -e "$root/lease/token" ]; then
  rmdir "$root/files" "$root/releases" "$root/shared" 2>/dev/null || true
fi
