# Goes on where resolve.sh ends, with its variables: makes the sealed compose.yml of raw.yml, and reports what it needs on
# this server and how Compose will label its containers. The same values are read by Compose once more, for the hashes.
: "${root:?}" "${release:?}" "${source:?}" "${shared:?}" "${incoming:?}" "${here:?}" "${tab:?}"

# A folder of which git has one part and the server another is both: what only the server has is mounted into what was
# shipped. Docker has to find something to mount it on, in a copy of the folder that has just that as well.
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
  if [ ! -e "$merged" ]; then
    (
      umask 022
      mkdir -p "$root/files/.$hash"
      cp -Rp "$path" "$root/files/.$hash/"
      while IFS= read -r at; do
        if [ -d "$shared/$name/$at" ] || [ -d "$incoming/$name/$at" ]; then mkdir -p "$root/files/.$hash/$(basename "$path")/$at"
        else : >"$root/files/.$hash/$(basename "$path")/$at"; fi
      done <extras.tmp
      mv "$root/files/.$hash" "$root/files/$hash"
      printf 'file\t%s\n' "$hash" >>added.tab
    )
  fi
  while IFS= read -r at; do printf '%s\t%s\t%s\n' "$merged" "$at" "$shared/$name/$at"; done <extras.tmp >>parts.tab
  awk -F "$tab" -v name="$name" -v merged="$merged" '{ print $1 "\t" ($1 == name ? merged : $2) }' paths.tab >paths.tmp
  mv paths.tmp paths.tab
done <shipped.tmp

awk -v source="$source" -v shared="$shared" -v folder="$here" -v table=paths.tab "$AWK_USES" raw.yml | sort -u >uses.tab
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
  # Nothing that a container writes may lie where old releases are removed.
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
      (umask 022 && mkdir -p "$path") && fact created "$name"
      printf 'folder\t%s\n' "$name" >>added.tab
    fi
  fi
  case $mode:$path in
    *:"$root"/files/*) # named after its content, which a container that may write would change
      if [ "$mode" = rw ] && [ -f "$path" ] && [ ! -e "${path%/*}/.shipped" ]; then
        sha256sum <"$path" | cut -d ' ' -f 1 >"${path%/*}/.shipped"
      fi
      note "$service" "$name" "$path"
      awk -F "$tab" -v path="$path" '$1 == path { print $2 "\t" $3 }' parts.tab | while IFS=$tab read -r at part; do
        [ ! -e "$incoming/$name/$at" ] || part=$incoming/$name/$at
        note "$service" "$name/$at" "$(hash_of "$part")"
      done
      ;;
    rw:*) ;;
    *) # A folder is told by its name: where it waits in a release differs each time.
      if [ -d "$path" ]; then note "$service" "$name" "$name"; else note "$service" "$name" "$(hash_of "$path")"; fi
      ;;
  esac
done <uses.tab

# The server's own values as they were read here, for status.sh. A .env that is not there may come later.
{ printf '%s\n' .env "$folder/.env" && cat env-files.txt; } | sed 's|^\./||' | sort -u | while IFS= read -r name; do
  case /$name in //* | */../*) continue ;; esac
  value=$(own "$name")
  if [ -f "$value" ]; then printf '%s\t%s\n' "$name" "$(hash_of "$value")"
  else case $name in .env | "$folder/.env") printf '%s\t-\n' "$name" ;; esac fi
done >values.tab

# Compose does not notice new content behind a mount, a config or a secret; a label of the services that read it does.
cut -f 1 files.tab | sort -u | while IFS= read -r service; do
  content=$(awk -F "$tab" -v service="$service" '$1 == service' files.tab | sort -u | sha256sum)
  printf '%s\tkorrigo.files\tsha256:%.16s\n' "$service" "$content"
done >labels.tab
# Before the sealed file: what is newer than that looks like data to prune.sh.
awk "$AWK_ENVIRONMENT" raw.yml >.env
[ -s .env ] || rm .env
seal() { # Arguments: names-of-labels; tables as variables of awk...
  own=$1
  shift
  awk -v labels=labels.tab -v own="$own" "$@"
}
seal 'korrigo.files korrigo.config' -v source="$source" -v shared="$shared" -v folder="$here" -v table=paths.tab \
  -v images=images.tab -v parts=parts.tab "$AWK_SEAL" raw.yml raw.yml >compose.yml.new
tell_services compose.yml.new >services.tab
# The container of a service that shares another one's network, IPC, processes or volumes is labelled with the hash of a
# configuration that has that one's id in it. A label of ours says what the configuration was without it.
awk -F "$tab" '
  $1 == "shares" { shares[$2] }
  $1 == "hash" && $2 in shares { print $2 "\tkorrigo.config\t" $3 }
' services.tab >labels.tab
if [ -s labels.tab ]; then
  seal korrigo.config "$AWK_SEAL" compose.yml.new compose.yml.new >compose.yml
  rm compose.yml.new
else
  mv compose.yml.new compose.yml
fi
cat services.tab
tell_release "$root" "$release"
rm -f raw.json raw.yml labels.tab services.tab errors.txt ./*.tmp uses.tab parts.tab images.tab variables.txt env-files.txt
