# After observe: how Compose would label the containers of the current release, how many of each there are to be where
# that is not one, and which files of the server's own have changed since the release was made of them.
# Arguments: root project
root=$1
: "${tab:?}"
[ ! -e "$root/current/compose.yml" ] || tell_services "$root/current/compose.yml"
{
  cat "$root/current/values.tab" || true
  # Whole files only: the name of a folder says nothing of what is in it.
  awk -F "$tab" '$4 == "" && $2 !~ /^\// && $3 ~ /^[0-9a-f]+$/ && length($3) == 64 { print $2 "\t" $3 }' "$root/current/files.tab"
} 2>/dev/null | sort -u | while IFS=$tab read -r name was; do
  now=-
  if [ -f "$root/shared/$name" ]; then now=$(sha256sum 2>/dev/null <"$root/shared/$name" | cut -d ' ' -f 1) || now=; fi
  case $now in '' | "$was") ;; *) fact changed-since "$name" ;; esac
done
