# Runs a function for each argument, in parallel, and fails if one of them fails. Arguments: function argument...
beside() {
  each=$1 pids='' failed=0
  shift
  for one in "$@"; do
    "$each" "$one" &
    pids="$pids $!"
  done
  for pid in $pids; do
    wait "$pid" || failed=1
  done
  return "$failed"
}
