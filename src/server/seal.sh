# Continues from resolve.sh, with its variables: makes the sealed compose.yml from raw.yml, and reports what it needs on
# this server and how Compose will label its containers. Compose reads the same values once more, for the hashes.
: "${root:?}" "${release:?}" "${source:?}" "${shared:?}" "${incoming:?}" "${here:?}" "${tab:?}"

# A folder that is partly in git and partly the server's is both: what only the server has is mounted into what was
# shipped. Docker needs a mount point there, in a copy of the folder that has one.
extras() { # What only the server has below a shipped folder, from there. Arguments: shipped-folder name folder-below-both
  for from in "$incoming" "$shared"; do
    for entry in "$from/$2/$3"* "$from/$2/$3".[!.]*; do
      [ -e "$entry" ] || continue
      at=$3$(basename "$entry")
      if [ ! -e "$1/$at" ] && [ ! -h "$1/$at" ]; then printf '%s\n' "$at"
      elif [ -d "$entry" ] && [ -d "$1/$at" ] && [ ! -h "$1/$at" ]; then (extras "$1" "$2" "$at/"); fi
    done
  done | sort -u
}
: >parts.tab
cp paths.tab shipped.tmp
while IFS=$tab read -r name path; do
  [ -d "$path" ] || continue
  [ -d "$shared/$name" ] || [ -d "$incoming/$name" ] || continue
  extras "$path" "$name" '' >extras.tmp
  [ -s extras.tmp ] || continue
  hash=$(dirname "$path")
  hash=$(printf '%s\n' "${hash##*/}" | cat - extras.tmp | sha256sum | cut -c 1-16)
  merged=$root/files/$hash/$(basename "$path")
  # Named before it is looked for: no other run removes what a release names (withdraw.sh).
  awk -F "$tab" -v name="$name" -v merged="$merged" '{ print $1 "\t" ($1 == name ? merged : $2) }' paths.tab >paths.tmp
  mv paths.tmp paths.tab
  if [ ! -e "$merged" ]; then
    (
      umask 022
      copy=$root/files/.merging-$hash-$id
      printf '%s\n' "$copy" >>made.txt # so that it does not stay, however this ends
      rm -rf "$copy"
      mkdir "$copy"
      cp -Rp "$path" "$copy/"
      while IFS= read -r at; do
        if [ -d "$shared/$name/$at" ] || [ -d "$incoming/$name/$at" ]; then mkdir -p "$copy/$(basename "$path")/$at"
        else : >"$copy/$(basename "$path")/$at"; fi
      done <extras.tmp
      # Another run may do the same right now: the first one stays, and nothing is moved into it.
      if why=$(mv -T "$copy" "$root/files/$hash" 2>&1); then printf 'file\t%s\n' "$hash" >>added.tab
      elif [ ! -e "$merged" ]; then
        printf '%s\n' "$why" >&2
        exit 1
      fi
    )
  fi
  while IFS= read -r at; do printf '%s\t%s\t%s\n' "$merged" "$at" "$shared/$name/$at"; done <extras.tmp >>parts.tab
done <shipped.tmp

save uses.tmp awk -v source="$source" -v shared="$shared" -v folder="$here" -v table=paths.tab -v opts_in="$(opts_in raw.yml)" "$AWK_USES" raw.yml
save uses.tab sort -u uses.tmp
: >files.tab
note() { printf '%s\t%s\t%s%s\n' "$1" "$2" "$3" "${4:+$tab$4}" >>files.tab; } # Arguments: service name content kind
while IFS=$tab read -r service mode name path; do
  case $service:$mode in
    odd:*)
      fact odd "$mode"
      continue
      ;;
    *:in-*)
      note "$service" "$name" "$(printf %s "$path" | sha256sum | cut -d ' ' -f 1)" "${mode#in-}"
      continue
      ;;
  esac
  # Nothing that a container writes may be where old releases are removed.
  case $path/ in
    "$root/files"/*) [ "$name" = "${name#/}" ] || fact inside "$path" "$service" ;;
    "$root/" | "$root/releases"/* | "$root/current"/* | "$root/lease"/* | "$root/history.jsonl/")
      fact inside "$path" "$service"
      continue
      ;;
  esac
  if [ -e "$incoming/$name" ]; then path=$incoming/$name
  else
    found=0
    tell_missing "$mode" "$name" "$path" "$service" || found=$?
    if [ "$found" -eq 1 ] && [ -z "$(needed "$mode" "$name")" ] && [ "$name" != "$path" ]; then
      if tell_closed "$path"; then continue; fi
      (umask 022 && mkdir -p "$path")
      fact created "$name"
      printf 'folder\t%s\n' "$name" >>added.tab
    fi
  fi
  case $mode:$path in
    *:"$root"/files/*) # named after its content, which a container that may write would change
      if [ "$mode" != ro ] && [ -f "$path" ] && [ ! -e "${path%/*}/.shipped" ]; then
        sha256sum <"$path" | cut -d ' ' -f 1 >"${path%/*}/.shipped"
      fi
      note "$service" "$name" "$path"
      awk -F "$tab" -v path="$path" '$1 == path { print $2 "\t" $3 }' parts.tab | while IFS=$tab read -r at part; do
        [ ! -e "$incoming/$name/$at" ] || part=$incoming/$name/$at
        note "$service" "$name/$at" "$(hash_of "$part")"
      done
      ;;
    rw:* | need:*) ;;
    *) # A folder is identified by its name: its path in a release differs each time.
      if [ -d "$path" ]; then note "$service" "$name" "$name"; else note "$service" "$name" "$(hash_of "$path")"; fi
      ;;
  esac
done <uses.tab

# The server's own values as they were read here, for status.sh. A missing .env may be created later.
{ printf '%s\n' .env "$folder/.env" && cat env-files.txt; } | sed 's|^\./||' | sort -u | while IFS= read -r name; do
  case /$name in //* | */../*) continue ;; esac
  value=$(own "$name")
  if [ -f "$value" ]; then printf '%s\t%s\n' "$name" "$(hash_of "$value")"
  else case $name in .env | "$folder/.env") printf '%s\t-\n' "$name" ;; esac fi
done >values.tab

# Compose does not notice new content behind a mount, a config or a secret; a label on the services that read it does.
cut -f 1 files.tab | sort -u | while IFS= read -r service; do
  content=$(awk -F "$tab" -v service="$service" '$1 == service' files.tab | sort -u | sha256sum)
  printf '%s\tkorrigo.files\tsha256:%.16s\n' "$service" "$content"
done >labels.tab
# Before the sealed file: prune.sh takes anything newer than that for data.
save .env awk "$AWK_ENVIRONMENT" raw.yml
[ -s .env ] || rm .env
seal() { # Arguments: names-of-labels; tables as variables of awk...
  own=$1
  shift
  awk -v labels=labels.tab -v own="$own" "$@"
}
save compose.yml.new seal 'korrigo.files korrigo.config' -v source="$source" -v shared="$shared" -v folder="$here" -v table=paths.tab \
  -v images=images.tab -v parts=parts.tab "$AWK_SEAL" raw.yml raw.yml
save services.tab print_services compose.yml.new
# If a service shares another one's network, IPC, processes or volumes, its container is labelled with the hash of a
# configuration that contains the other one's id. A label of ours has the hash of the configuration without it.
awk -F "$tab" '
  $1 == "shares" { shares[$2] }
  $1 == "hash" && $2 in shares { print $2 "\tkorrigo.config\t" $3 }
' services.tab >labels.tab
if [ -s labels.tab ]; then
  save compose.yml seal korrigo.config "$AWK_SEAL" compose.yml.new compose.yml.new
  rm compose.yml.new
else
  mv compose.yml.new compose.yml
fi
cat services.tab
print_changes "$root" "$release"
rm -f raw.json raw.yml labels.tab services.tab errors.txt ./*.tmp uses.tab parts.tab images.tab variables.txt env-files.txt
