# Runs a command once, in a container of its own that is gone afterwards, also when the time is up: a migration that
# hangs must not go on holding its locks. Without a command it is the service's own.
# Arguments: seconds input-with-that-limit project name compose-file with-dependencies service command...
set -u
seconds=$1 limit=$2 project=$3 name=$4 file=$5 dependencies=$6
shift 6
set -- --name "$name" "$@"
[ "$dependencies" = yes ] || set -- --no-deps "$@"
docker rm --force "$name" >/dev/null 2>&1
timeout --kill-after=5 "$seconds" docker compose --project-name "$project" --file "$file" run --rm --no-TTY --quiet-pull "$@" </dev/null
code=$?
if [ "$code" -eq 124 ] || [ "$code" -eq 137 ]; then
  docker rm --force "$name" >/dev/null 2>&1
  echo "stopped after $seconds s: it took longer than $limit" >&2
fi
exit "$code"
