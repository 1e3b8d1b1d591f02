# Compose resolves a shipped release here, where the server's own values are; they never leave this machine. Ends in
# releases/<id>/compose.yml, and tells what it found, one fact a line: name, tab, value(s).
# Arguments: root id project folder-of-the-first-compose-file options-of-docker-compose...
set -eu
umask 077
export LC_ALL=C
root=$1 id=$2 project=$3 folder=$4
shift 4
release=$root/releases/$id
source=$release/source
shared=$root/shared
came=$release/shared # what this deploy writes there later
tab=$(printf '\t')
fact() { printf '%s\t%s\n' "$1" "$2"; }
cd "$release"

overlay() ( # what only the server has appears at its repository path, so that Compose finds it
  for entry in "$1/$2"* "$1/$2".[!.]*; do
    [ -e "$entry" ] || continue
    name=$2$(basename "$entry")
    # Folders of what came are made anew: links to what the server has go in there, too.
    if [ "$1" = "$came" ] && [ -d "$entry" ]; then mkdir -p "$source/$name"; fi
    if [ ! -e "$source/$name" ]; then ln -s "$entry" "$source/$name"
    elif [ -d "$entry" ] && [ -d "$source/$name" ]; then overlay "$1" "$name/"; fi
  done
)
overlay "$came" ''
overlay "$shared" ''
own() { if [ -e "$came/$1" ]; then printf %s "$came/$1"; else printf %s "$shared/$1"; fi; }

# Later files win: the release's own facts, then .env as Compose would find it in the repository, then the server's.
for env in "$(own "$folder/.env")" "$(own .env)" "$source/$folder/.env" "$source/.env" release.env; do
  [ ! -f "$env" ] || set -- --env-file "$env" "$@"
done
# A path that starts with ${PWD} means the folder that Compose would run in.
case $folder in .) PWD=$source ;; *) PWD=$source/$folder ;; esac
export PWD
compose() { docker compose --project-name "$project" "$@"; }

# Compose stops at the first thing that is missing; it gets a stand-in, so that all of them are told at once. None of
# them stays: the next release would take it for the server's own.
: >made.txt
trap 'while IFS= read -r made; do rm -rf "$made"; done <"$release/made.txt"; rm -f "$release/made.txt"' EXIT
stand_in() {
  made=$1
  while [ ! -e "$(dirname "$made")" ]; do made=$(dirname "$made"); done
  printf '%s\n' "$made" >>made.txt
  mkdir -p "$(dirname "$1")" && : >"$1"
}
tries=0
until compose "$@" config >raw.yml 2>errors.txt; do
  tries=$((tries + 1))
  variable=$(sed -n 's/.*required variable \([A-Za-z_][A-Za-z0-9_]*\) is missing a value.*/\1/p' errors.txt | head -n 1)
  file=$(sed -n 's/.*env file \(.*\) not found: .*/\1/p' errors.txt | head -n 1)
  if [ -n "$variable" ] && [ "$tries" -lt 100 ]; then
    fact undefined "$variable"
    export "$variable=missing"
  elif [ -n "$file" ] && [ ! -e "$file" ] && [ "$tries" -lt 100 ]; then
    fact missing "${file#"$source"/}${tab}an env_file"
    stand_in "$file" 2>/dev/null || exit 0 # the rest is told when this is mended
  else
    cat errors.txt >&2
    exit 1
  fi
done
sed -n 's/.*The \\*"\([A-Za-z_][A-Za-z0-9_]*\)\\*" variable is not set.*/\1/p' errors.txt | sort -u |
  while IFS= read -r variable; do fact undefined "$variable"; done

awk -v source="$source" "$AWK_USES" raw.yml |
  awk -v source="$source" -v shared="$shared" -v table=paths.tab "$AWK_PATHS" | sort -u >uses.tab
: >files.tab
while IFS=$tab read -r service mode name path; do
  if [ -e "$came/$name" ]; then
    path=$came/$name
  elif [ -e "$path" ]; then
    :
  elif [ "$mode" = ro ]; then
    fact missing "$name${tab}read by $service"
  elif [ "$name" = "$path" ]; then
    continue # an absolute path that is written to: the server's own affair, Docker creates it
  else
    case $(basename "$path") in
      ?*.*) fact missing "$name${tab}mounted by $service" ;; # Docker would make a folder of that name
      *) (umask 022 && mkdir -p "$path") && fact created "$name" ;;
    esac
  fi
  [ "$mode" = ro ] || continue
  if [ ! -f "$path" ]; then content=$path
  elif [ -r "$path" ]; then content=$(sha256sum <"$path")
  else content=$(stat -c '%i %s %Y' "$path"); fi # only the container may read it: its file tells when it was replaced
  printf '%s\t%s\t%s\n' "$service" "$name" "${content%% *}" >>files.tab
done <uses.tab

# Compose does not notice new content behind a mount, a config or a secret; a label of the services that read it does.
{
  echo 'services:'
  cut -f 1 files.tab | uniq | while IFS= read -r service; do
    content=$(awk -F "$tab" -v service="$service" '$1 == service' files.tab | sha256sum)
    printf '  "%s":\n    labels:\n      korrigo.files: "%.16s"\n' "$service" "$content"
  done
} >labels.yml
awk -v source="$source" -v shared="$shared" -v table=paths.tab "$AWK_PATHS" raw.yml >moved.yml
if [ -s files.tab ]; then set -- -f moved.yml -f labels.yml; else set -- -f moved.yml; fi
compose "$@" config >compose.yml.new
mv compose.yml.new compose.yml
tell_release "$root" "$release"
rm -f raw.yml moved.yml labels.yml errors.txt uses.tab
