# Runs the tests of one service; the others may end before it does. Not `up --exit-code-from`: that stops everything as
# soon as any container ends, also one that only prepares something, and then succeeds without having run a test.
# Without a service the first container that ends decides. Arguments: project service options-of-docker-compose...
set -u
project=$1 service=$2
shift 2
# For Compose, a container that Docker restarts never ends: the tests run once, whatever their restart policy.
once=$(docker compose "$@" config --services 2>/dev/null | sed 's/.*/  "&": {restart: "no", deploy: {restart_policy: !reset null}}/')
[ -n "$once" ] || once='  {}'
up() { printf 'services:\n%s\n' "$once" | docker compose "$@"; }

if [ -z "$service" ]; then
  if docker compose "$@" config 2>/dev/null | grep -q '^ *condition: service_completed_successfully$'; then
    echo "a service depends on another one completing, so the first container to exit cannot decide: set test-service" >&2
    exit 1
  fi
  up "$@" --file - up --build --no-color --abort-on-container-exit
  exit
fi

ended() {
  docker ps --all --quiet --filter status=exited --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$service"
}
up "$@" --file - up --build --no-color &
up=$!
while [ -z "$(ended)" ]; do
  if ! kill -0 "$up" 2>/dev/null; then
    wait "$up"
    code=$?
    [ -z "$(ended)" ] || break
    echo "$service never started" >&2
    [ "$code" -ne 0 ] || code=1
    exit "$code"
  fi
  sleep 0.3
done
code=$(ended | xargs docker inspect --format '{{.State.ExitCode}}' | sort -n | tail -n 1)
# Then `up` exits, after the last lines of all of them.
docker compose "$@" stop --timeout 2 >/dev/null 2>&1
wait "$up"
exit "${code:-1}"
