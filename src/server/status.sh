# Follows observe: how Compose would label the containers of the current release, how many of each there should be if not
# one, and which of the server's own files have changed since the release was made.
# Arguments: root project
root=$1
: "${tab:?}"
[ ! -e "$root/current/compose.yml" ] || print_services "$root/current/compose.yml"
{
  cat "$root/current/values.tab" || true
  # Whole files only: a folder's name says nothing about its content.
  awk -F "$tab" '$4 == "" && $2 !~ /^\// && $3 ~ /^[0-9a-f]+$/ && length($3) == 64 { print $2 "\t" $3 }' "$root/current/files.tab"
} 2>/dev/null | sort -u | while IFS=$tab read -r name was; do
  now=-
  if [ -f "$root/shared/$name" ]; then now=$(sha256sum 2>/dev/null <"$root/shared/$name" | cut -d ' ' -f 1) || now=; fi
  case $now in '' | "$was") ;; *) fact changed-since "$name" ;; esac
done
