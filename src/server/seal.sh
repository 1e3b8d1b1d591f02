# Goes on where resolve.sh ends, with its variables: makes the sealed compose.yml of raw.yml, and reports what it needs on
# this server and how Compose will label its containers. The same values are read by Compose once more, for the hashes.
: "${root:?}" "${release:?}" "${source:?}" "${shared:?}" "${came:?}" "${tab:?}"

awk -v source="$source" -v shared="$shared" -v table=paths.tab "$AWK_USES" raw.yml | sort -u >uses.tab
: >files.tab
while IFS=$tab read -r service mode name path; do
  if [ "$mode" = in ]; then
    content=$(printf %s "$path" | sha256sum)
    printf '%s\t%s\t%s\tconfig\n' "$service" "$name" "${content%% *}" >>files.tab
    continue
  elif [ -e "$came/$name" ]; then path=$came/$name
  elif [ -e "$path" ]; then :
  else
    how=$(needed "$mode" "$name")
    if [ -n "$how" ]; then fact missing "$name" "$how by $service"
    elif [ "$name" != "$path" ]; then (umask 022 && mkdir -p "$path") && fact created "$name"; fi
  fi
  case $mode:$path in
    *:"$root"/files/*) content=$path ;; # named after its content, which a container that may write would change
    rw:*) continue ;;
    *) if [ ! -f "$path" ]; then content=$path
      elif [ -r "$path" ]; then content=$(sha256sum <"$path")
      else content=$(stat -c '%i %s %Y' "$path"); fi ;; # only the container may read it: its file tells when it was replaced
  esac
  printf '%s\t%s\t%s\n' "$service" "$name" "${content%% *}" >>files.tab
done <uses.tab

# Compose does not notice new content behind a mount, a config or a secret; a label of the services that read it does.
cut -f 1 files.tab | uniq | while IFS= read -r service; do
  content=$(awk -F "$tab" -v service="$service" '$1 == service' files.tab | sha256sum)
  printf '%s\tkorrigo.files\tsha256:%.16s\n' "$service" "$content"
done >labels.tab
seal() { # Arguments: resolved-file names-of-labels
  awk -v source="$source" -v shared="$shared" -v table=paths.tab -v labels=labels.tab -v own="$2" "$AWK_SEAL" "$1" "$1"
}
seal raw.yml 'korrigo.files korrigo.config' >compose.yml.new
tell_services compose.yml.new >services.tab
# The container of a service that shares another one's network, IPC, processes or volumes is labelled with the hash of a
# configuration that has that one's id in it. A label of ours says what the configuration was without it.
awk -F "$tab" '
  $1 == "shares" { shares[$2] }
  $1 == "hash" && $2 in shares { print $2 "\tkorrigo.config\t" $3 }
' services.tab >labels.tab
if [ -s labels.tab ]; then
  seal compose.yml.new korrigo.config >compose.yml
  rm compose.yml.new
else
  mv compose.yml.new compose.yml
fi
cat services.tab
tell_release "$root" "$release"
rm -f raw.json raw.yml labels.tab services.tab errors.txt ./*.tmp uses.tab variables.txt env-files.txt
