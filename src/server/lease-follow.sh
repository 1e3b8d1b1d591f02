# Defines follow(): waits for new output of a job or for its end, and prints both. Bytes are in base64, so that they arrive
# unchanged. Arguments: folder offset-of-out offset-of-err seconds-to-wait
most=196608
follow() {
  folder=$1 heard=no state=running code='' tick=0.2
  uptime
  latest=$((now + $4 * 10))
  while :; do
    has_ended
    # shellcheck disable=SC2046 # numbers and names
    set -- "$1" "$2" "$3" "$4" $(cd "$folder" && wc -c out err)
    out=${5:-0} err=${7:-0}
    if [ "$state" != running ] || [ "$now" -ge "$latest" ]; then break; fi
    if [ "$out" -gt "$2" ] || [ "$err" -gt "$3" ]; then
      [ "$heard" = no ] || break
      heard=yes # more of it often comes at once
    fi
    uptime
  done
  if [ $((out - $2)) -gt "$most" ]; then out=$(($2 + most)) state=running code=''; fi
  if [ $((err - $3)) -gt "$most" ]; then err=$(($3 + most)) state=running code=''; fi
  fact job "$state"
  [ -z "$code" ] || fact code "$code"
  part out "$2" "$out"
  part err "$3" "$err"
  fact complete yes
}

# Waits for the end, at most one tick: the job's lock is free once no process is left that could record its end.
has_ended() {
  if [ ! -e "$folder/lock" ]; then
    state=missing
    return
  fi
  timeout "$tick" flock -s "$folder/lock" true 2>/dev/null
  case $?:$tick in
    0:*) ;;
    124:* | 143:*) return ;;
    *:1) fail "flock does not work in $folder" ;;
    *)
      tick=1 # not every timeout knows fractions
      has_ended
      return
      ;;
  esac
  state=killed
  for entry in "$folder"/code.*; do
    [ ! -e "$entry" ] || state=ended code=${entry##*.}
  done
  [ "$state" = ended ] || [ -e "$folder/pid" ] || state=missing
}

part() { # Arguments: file from to
  fact "$1-end" "$3"
  [ "$3" -gt "$2" ] || return 0
  printf '%s\t' "$1"
  tail -c "+$(($2 + 1))" "$folder/$1" | head -c $(($3 - $2)) | base64 | tr -d '\n'
  echo
}
