# Puts new containers in the place of old ones, for the services that are named alone. What they wait for is there already:
# `up` would look for it again, every half second, after the old ones are stopped. Compose makes the new containers, and
# they are started here. Without a command, those that have ended are. Arguments: project services [command-of-compose...]
set -u
project=$1 services=$2
shift 2
"$@" || exit
pids=
for service in $services; do
  for id in $(docker ps --all --quiet --filter status=created --filter status=exited \
    --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$service" \
    --filter label=com.docker.compose.oneoff=False); do
    docker start "$id" >/dev/null &
    pids="$pids $!"
  done
done
failed=0
for pid in $pids; do
  wait "$pid" || failed=1
done
exit $failed
