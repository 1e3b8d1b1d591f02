# The start of a script that a server runs alone: steps in order, each with a time limit and retries, until one fails.
set -u
nothing() { :; }
# Arguments: title limit-in-seconds pauses-between-tries function-that-prints-stdin command...
step() {
  title=$1 limit=$2 pauses=$3 input=$4
  shift 4
  echo "... $title"
  for pause in $pauses last; do
    "$input" | timeout -k 5 "$limit" "$@"
    code=$?
    [ "$code" -ne 0 ] || return 0
    [ "$pause" != last ] || break
    echo "$title failed with exit code $code, retrying in $pause s"
    sleep "$pause"
  done
  case $code in
    124 | 143) echo "$title took longer than $limit s" ;;
    *) echo "$title failed with exit code $code" ;;
  esac
  exit 1
}
