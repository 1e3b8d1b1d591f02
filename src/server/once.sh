# Runs a command once, in a container of its own that is gone afterwards, also when the time is up or the deploy is
# cancelled: a migration that hangs must not go on holding its locks. Without a command it is the service's own. Exits with
# 125, as docker does, when the command was never started.
# Arguments: seconds input-with-that-limit project name compose-file with-dependencies service command...
set -u
umask 077
seconds=$1 limit=$2 project=$3 name=$4 file=$5 dependencies=$6
shift 6
own=${file%/*}/one-off.yml # beside the sealed file: values of secrets lie there in .env
LC_ALL=C awk -v service="$1" "$AWK_ONCE" "$file" >"$own" || exit 125
set -- --name "$name" "$@"
[ "$dependencies" = yes ] || set -- --no-deps "$@"
remove() {
  docker rm --force --volumes "$name" >/dev/null 2>&1
  rm -f "$own"
}
docker rm --force --volumes "$name" >/dev/null 2>&1
started=$(date +%s)
# timeout is in a process group of its own: a signal to ours does not reach it. BusyBox knows no long options.
timeout -k 5 "$seconds" docker compose --project-name "$project" --file "$own" run --no-TTY --quiet-pull "$@" </dev/null &
running=$!
trap 'kill "$running" 2>/dev/null; remove; exit 143' HUP INT TERM
wait "$running"
code=$?
# Of a container that was only created it is a day in the year 1.
since=$(docker inspect --type container --format '{{.State.StartedAt}}' "$name" 2>/dev/null) || since=
remove
took=$(($(date +%s) - started))
# That of BusyBox ends with whatever the signal made of the command.
if [ "$code" -eq 124 ] || [ "$took" -gt "${seconds%.*}" ] || { [ "$code" -ne 0 ] && [ "$took" -eq "${seconds%.*}" ]; }; then
  echo "stopped after $seconds s, the limit set by $limit" >&2
  exit 124
fi
[ "$code" -ne 137 ] || echo "killed: out of memory (see the memory limit of the service), or by someone on the server" >&2
case $code:$since in
  0:*) ;;
  *: | *:0001-*)
    echo 'the command was never started' >&2
    code=125
    ;;
esac
exit "$code"
