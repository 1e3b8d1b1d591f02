# Runs a command once, in a container of its own that is gone afterwards, also when the time is up or the deploy is
# cancelled: a migration that hangs must not go on holding its locks. Without a command it is the service's own.
# Arguments: seconds input-with-that-limit project name compose-file with-dependencies service command...
set -u
seconds=$1 limit=$2 project=$3 name=$4 file=$5 dependencies=$6
shift 6
set -- --name "$name" "$@"
[ "$dependencies" = yes ] || set -- --no-deps "$@"
remove() { docker rm --force "$name" >/dev/null 2>&1; }
remove
started=$(date +%s)
# timeout is in a process group of its own: a signal to ours does not reach it.
timeout --kill-after=5 "$seconds" docker compose --project-name "$project" --file "$file" run --rm --no-TTY --quiet-pull "$@" </dev/null &
running=$!
trap 'kill "$running" 2>/dev/null; remove; exit 143' HUP INT TERM
wait "$running"
code=$?
if [ "$code" -eq 124 ] || [ "$code" -eq 137 ]; then
  remove
  if [ "$code" -eq 124 ] || [ "$(($(date +%s) - started))" -ge "${seconds%.*}" ]; then
    echo "stopped after $seconds s, the limit set by $limit" >&2
  else
    echo "killed: out of memory (see the memory limit of the service), or by someone on the server" >&2
  fi
fi
exit "$code"
