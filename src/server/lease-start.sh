# Defines start(): starts a job and follows it for a while. Called again with the same id, it follows the existing job.
# stdin: the job's.
start() { # Arguments: id bytes-of-stdin seconds-to-wait working-directory command...
  id=$1 bytes=$2 seconds=$3 where=$4
  shift 4
  folder=$lease/jobs/$id
  why=$(mkdir -p "$folder" 2>&1) || fail "$why"
  # Read before taking the lock: a connection that hangs must not hold it.
  [ "$bytes" -eq 0 ] || receive
  exec 8>>"$folder/lock"
  if flock -n 8 && [ ! -e "$folder/pid" ]; then
    why=$({ : >"$folder/out" && : >"$folder/err" && : >"$folder/running"; } 2>&1) || fail "$why"
    [ "$bytes" -eq 0 ] || mv "$folder/stdin.$$" "$folder/stdin"
    setsid sh "$lease/keeper.sh" job "$root" "$folder" "$lease/token" "$token.$id" "$mask" "$where" "$@" \
      </dev/null >/dev/null 2>&1 &
  fi
  exec 8>&-
  [ "$bytes" -eq 0 ] || rm -f "$folder/stdin.$$"
  follow "$folder" 0 0 "$seconds"
}

receive() {
  why=$({ cat >"$folder/stdin.$$"; } 2>&1)
  code=$?
  is_ours token || lost
  [ "$code" -eq 0 ] || fail "$why"
  [ "$(wc -c <"$folder/stdin.$$")" -eq "$bytes" ] && return
  rm -f "$folder/stdin.$$"
  fail 'the connection ended too early'
}
