# Whether the server's own files that a release was made from are unchanged. Reports those that are not: fact other,
# name. Changes nothing. Arguments: root id
set -u
export LC_ALL=C
: "${tab:?}"
root=$1 release=$1/releases/$2
if [ ! -e "$release/compose.yml" ] || [ ! -e "$release/values.tab" ]; then
  fact other "$release"
  exit 0
fi
# Without files that wait in the release, and shipped ones: those are named after their content.
{
  cat "$release/values.tab"
  awk -F "$tab" -v shipped="$root/files/" '$4 == "" && index($3, shipped) != 1 { print $2 "\t" $3 }' "$release/files.tab"
} | sort -u | while IFS=$tab read -r name was; do
  [ ! -e "$release/shared/$name" ] || continue
  case $name in /*) path=$name ;; *) path=$root/shared/$name ;; esac
  if [ "$was" = - ]; then now=-; else now=$(hash_of "$path"); fi
  if [ "$was" = - ] && [ -e "$path" ]; then now=$path
  elif [ "$was" = "$name" ] && [ -d "$path" ]; then now=$name; fi
  [ "$now" = "$was" ] || fact other "$name"
done
fact looked yes
