# Runs a command in a one-off container that is always removed afterwards, even after a timeout or a cancelled deploy: a
# hanging migration must not keep its locks. Without a command it runs the service's own. Exits with 125, as docker does, if
# the command was never started.
# Arguments: seconds input-with-that-limit project name compose-file with-dependencies service command...
set -u
umask 077
seconds=$1 limit=$2 project=$3 name=$4 file=$5 dependencies=$6
shift 6
own=${file%/*}/one-off.yml # beside the sealed file: values of secrets lie there in .env
LC_ALL=C awk -v service="$1" "$AWK_ONEOFF" "$file" >"$own" || exit 125
set -- --name "$name" "$@"
[ "$dependencies" = yes ] || set -- --no-deps "$@"
gone() {
  docker rm --force --volumes "$name" >/dev/null 2>&1 ||
    { docker version >/dev/null 2>&1 && ! docker inspect --type container "$name" >/dev/null 2>&1; }
}
gone
uptime() { read -r now rest </proc/uptime && now=${now%%.*}; } # the clock may be set meanwhile
uptime
started=$now
running=''
trap 'kill "$running" 2>/dev/null; gone; rm -f "$own"; exit 143' HUP INT TERM
# timeout has its own process group: a signal to ours does not reach it. BusyBox's has no long options.
timeout -k 5 "$seconds" docker compose --project-name "$project" --file "$own" run --no-TTY --quiet-pull "$@" </dev/null &
running=$!
wait "$running"
code=$?
uptime
took=$((now - started))
# For a container that was only created, this is a day in the year 1.
since=$(docker inspect --type container --format '{{.State.StartedAt}}' "$name" 2>/dev/null) || {
  since=
  # If the engine is down, we don't know whether it had started.
  docker version >/dev/null 2>&1 || since=unknown
}
rm -f "$own"
# A restarting engine leaves the container behind, and is back soon.
tries=0
until gone || [ "$tries" -ge 60 ]; do
  tries=$((tries + 1))
  sleep 1
done
# BusyBox's timeout exits with whatever the signal did to the command, and a command may exit with 124 by itself.
if [ "$took" -gt "${seconds%.*}" ] || { [ "$code" -ne 0 ] && [ "$took" -eq "${seconds%.*}" ]; }; then
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
  125:*)
    echo 'the command exited with code 125' >&2
    code=1
    ;;
esac
exit "$code"
