# Compose resolves a shipped release here, where the server's own values are; they never leave this machine. Ends with raw.yml
# in the release's folder, from which seal.sh continues, or earlier if something is missing.
# Arguments: root id project folder-of-the-first-compose-file options-of-docker-compose...
set -eu
umask 077
export LC_ALL=C
root=$1 id=$2 project=$3 folder=$4
shift 4
release=$root/releases/$id
source=$release/source/above-3/above-2/above-1/repository
shared=$root/shared
incoming=$release/shared # what this deploy writes there later
cd "$release"

if [ -d "$shared" ] && [ ! -x "$shared" ]; then
  closed "$shared"
  exit 0
fi
# What cannot be written when the switch has begun, and folders in the place of env files: Docker makes one for a mount
# without a source, and it would be overlooked.
reported=
(cd "$incoming" 2>/dev/null && find . -type f | sed 's|^\./||') >incoming.tmp || true
while IFS= read -r file; do [ -d "$shared/$file" ] || tell_closed "$shared/$file" || true; done <incoming.tmp
printf '%s\n' .env "$folder/.env" | cat - env-files.txt incoming.tmp | sed 's|^\./||' | sort -u >folders.tmp
while IFS= read -r file; do
  case /$file/ in //* | */../*) continue ;; esac
  if [ -d "$shared/$file" ]; then
    fact folder "$file"
    reported=yes
  fi
done <folders.tmp

overlay() ( # what only the server has appears at its repository path, so that Compose finds it
  # Arguments: folder-of-the-server folder-of-the-source folder-below-both-with-a-slash
  for entry in "$1/$3"* "$1/$3".[!.]*; do
    [ -e "$entry" ] || continue
    name=$3$(basename "$entry")
    [ "$name" != .parent ] || continue
    # Folders of files to be written are created anew: links to the server's own files go in there too.
    if [ "${1#"$incoming"}" != "$1" ] && [ -d "$entry" ]; then mkdir -p "$2/$name"; fi
    if [ ! -e "$2/$name" ]; then ln -s "$entry" "$2/$name"
    elif [ -d "$entry" ] && [ -d "$2/$name" ]; then overlay "$1" "$2" "$name/"; fi
  done
)
beside='' above=$source
for _ in 0 1 2 3; do # the repository, and what lies beside it
  overlay "$incoming$beside" "$above" ''
  overlay "$shared$beside" "$above" ''
  beside=$beside/.parent above=$(dirname "$above")
done
own() { if [ -e "$incoming/$1" ]; then printf %s "$incoming/$1"; else printf %s "$shared/$1"; fi; }
# The name under shared/ of a path below the source, or of one outside the repository.
name_of() {
  case $1 in
    "$source"/*) printf %s "${1#"$source"/}" ;;
    "$release"/source/above-3/above-2/above-1/*) printf %s ".parent/${1#"$release"/source/above-3/above-2/above-1/}" ;;
    "$release"/source/above-3/above-2/*) printf %s ".parent/.parent/${1#"$release"/source/above-3/above-2/}" ;;
    "$release"/source/above-3/*) printf %s ".parent/.parent/.parent/${1#"$release"/source/above-3/}" ;;
    *) printf %s "$1" ;;
  esac
}

# Later files take precedence: the release's own facts, then .env as Compose would find it in the repository, then the server's.
for file in "$(own "$folder/.env")" "$(own .env)" "$source/$folder/.env" "$source/.env" release.env; do
  [ ! -f "$file" ] || set -- --env-file "$file" "$@"
done
name='[A-Za-z_][A-Za-z0-9_]*'
# shellcheck disable=SC2034 # of compose()
own_names=$(sed -n "s/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}\($name\)[[:space:]]*[=:].*/\2/p" \
  "$(own "$folder/.env")" "$(own .env)" "$source/$folder/.env" "$source/.env" 2>/dev/null | sort -u | tr '\n' ' ') || own_names=''
# shellcheck disable=SC2034 # of compose(). A path that starts with ${PWD} means the folder that Compose would run in.
case $folder in .) here=$source ;; *) here=$source/$folder ;; esac

# Compose stops at the first thing that is missing; it gets a stand-in, so that all of them are reported at once. None of
# them stays: the next release would take it for the server's own.
: >made.txt
trap 'while IFS= read -r made; do rm -rf "$made"; done <"$release/made.txt"; rm -f "$release/made.txt"' EXIT
trap 'exit 143' HUP INT TERM # dash and BusyBox end without the other one
stand_in() {
  made=$1
  while [ ! -e "$(dirname "$made")" ]; do made=$(dirname "$made"); done
  printf '%s\n' "$made" >>made.txt
  mkdir -p "$(dirname "$1")" && : >"$1"
}
unset_names() { sed -n "s/.*The \\\\*\"\($name\)\\\\*\" variable is not set.*/\1/p" errors.txt | sort -u; }
# A variable that is in no compose file comes from a `$` in an env file: its name is part of a value, and is not reported.
tell_dollars() {
  unset_names | grep -vxF -f variables.txt | sed -e 'h; s/^/$/p; g; s/^/${/' >pieces.tmp
  [ -s pieces.tmp ] || return 0
  while IFS= read -r file; do
    grep -qsF -f pieces.tmp "$incoming/$file" "$shared/$file" "$source/$file" && fact dollar "$file"
  done <env-files.txt | grep . || fact dollar ''
}
# Which line of which env file is broken: Compose's own message shows the line, which may contain a secret.
tell_broken() {
  while IFS= read -r file; do
    for path in "$incoming/$file" "$shared/$file" "$source/$file"; do
      [ -f "$path" ] || continue
      why=$(echo 'services: {}' | compose --project-name "$project" --env-file "$path" --file - config 2>&1 >/dev/null) || {
        number=$(printf '%s\n' "$why" | sed -n 's/.*line \([0-9][0-9]*\): .*/\1/p' | head -n 1)
        # There it is the line where Compose gave up.
        opened=$(printf '%s\n' "$why" | sed -n 's/.*unterminated quoted value //p' | head -n 1)
        [ -z "$opened" ] || number=$(opened=$opened awk 'index($0, ENVIRON["opened"]) { print NR; exit }' "$path")
        fact broken "$file" "${number:-?}"
      }
      break
    done
  done <env-files.txt
}
tries=0
until compose --project-name "$project" "$@" config --format json >raw.json 2>errors.txt; do
  tries=$((tries + 1))
  # Also for variables that are simply not set: Compose may fail on an empty port or number. 1 can be all of them.
  variables=$(sed -n "s/.*required variable \($name\) is missing a value.*/\1/p" errors.txt; unset_names | grep -xF -f variables.txt || true)
  file=$(sed -n -e 's/.*env file \(.*\) not found: .*/\1/p' -e 's/.*label file \(.*\) not found: .*/\1/p' -e 's/^stat \(.*\): no such file.*/\1/p' errors.txt | head -n 1)
  closed=$(sed -n 's/^.*open \(.*\): permission denied$/\1/p' errors.txt | head -n 1)
  case $(tail -n 1 errors.txt) in *'unexpected character "'*' in variable name '* | *'unterminated quoted value'* | *'failed to read '*': line '* | 'line '[0-9]*': '*) broken=yes ;; *) broken= ;; esac
  if [ -n "$broken" ]; then
    tell_broken | grep . || fact broken '' ''
    exit 0
  elif [ -n "$variables" ] && [ "$tries" -lt 100 ]; then
    for variable in $variables; do
      fact undefined "$variable" "$(sed -n "s/.*required variable $variable is missing a value: //p" errors.txt | head -n 1)"
      more="$more $variable=1"
    done
    reported=yes
  elif [ -n "$closed" ]; then
    fact unreadable "$(name_of "$closed")"
    exit 0
  elif [ -n "$file" ] && [ ! -e "$file" ] && [ "$tries" -lt 100 ]; then
    found=0
    is_there "$file" || found=$?
    # Compose reads it as this user, so we cannot skip it.
    case $found in 2) fact unreadable "$(name_of "$file")" ;; *) fact missing "$(name_of "$file")" 'an env_file' ;; esac
    reported=yes
    stand_in "$file" 2>/dev/null || exit 0 # the rest is reported when this is fixed
  else
    dollars=$(tell_dollars)
    [ -z "$dollars" ] || printf '%s\n' "$dollars"
    [ -z "$reported$dollars" ] || exit 0
    sed "s|$source/||g" errors.txt | grep -v 'variable is not set' >&2
    ! grep -q -e '[Aa]dditional propert' -e 'unsupported env_file format' errors.txt || echo "Compose is $(docker compose version --short) on this server: it may be too old to know this" >&2
    exit 1
  fi
done
unset_names | grep -xF -f variables.txt | while IFS= read -r variable; do fact undefined "$variable"; done
tell_dollars
save raw.yml awk "$AWK_CANONICAL" raw.json
# Up to 5.5, Compose omits the models themselves from its JSON, and then misses them.
if grep -q '^      "models": {' raw.json; then
  compose --project-name "$project" "$@" config 2>/dev/null | awk '/^[^ ]/ { models = /^models:/ } models' >>raw.yml
fi
