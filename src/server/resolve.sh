# Compose resolves a shipped release here, where the server's own values are; they never leave this machine. Ends in raw.yml
# in the folder of the release, which seal.sh goes on with, or before that when something is missing.
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
name='[A-Za-z_][A-Za-z0-9_]*'
unset_names() { sed -n "s/.*The \\\\*\"\($name\)\\\\*\" variable is not set.*/\1/p" errors.txt | sort -u; }
# A variable that no compose file names comes from a `$` in an env file: its name is a piece of a value, and is not told.
tell_dollars() {
  unset_names | grep -vxF -f variables.txt | sed -e 'h; s/^/$/p; g; s/^/${/' >pieces.tmp
  [ -s pieces.tmp ] || return 0
  while IFS= read -r file; do
    grep -qsF -f pieces.tmp "$came/$file" "$shared/$file" "$source/$file" && fact dollar "$file"
  done <env-files.txt | grep . || fact dollar ''
}
told=
tries=0
until compose "$@" config --format json >raw.json 2>errors.txt; do
  tries=$((tries + 1))
  # Also what is simply not set: Compose may stumble over a port or a number that is empty. 1 can be all of them.
  variables=$(sed -n "s/.*required variable \($name\) is missing a value.*/\1/p" errors.txt; unset_names | grep -xF -f variables.txt || true)
  file=$(sed -n -e 's/.*env file \(.*\) not found: .*/\1/p' -e 's/^stat \(.*\): no such file.*/\1/p' errors.txt | head -n 1)
  if [ -n "$variables" ] && [ "$tries" -lt 100 ]; then
    for variable in $variables; do
      fact undefined "$variable"
      export "$variable=1"
    done
    told=yes
  elif [ -n "$file" ] && [ ! -e "$file" ] && [ "$tries" -lt 100 ]; then
    fact missing "${file#"$source"/}" 'an env_file'
    told=yes
    stand_in "$file" 2>/dev/null || exit 0 # the rest is told when this is mended
  else
    dollars=$(tell_dollars)
    [ -z "$dollars" ] || printf '%s\n' "$dollars"
    [ -z "$told$dollars" ] || exit 0
    grep -v 'variable is not set' errors.txt >&2
    exit 1
  fi
done
unset_names | grep -xF -f variables.txt | while IFS= read -r variable; do fact undefined "$variable"; done
tell_dollars
LC_ALL=C awk "$AWK_CANONICAL" raw.json >raw.yml
