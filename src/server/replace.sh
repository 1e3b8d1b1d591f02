# Replaces the containers of exactly the named services. What they wait for is there already: `up` would check
# it again, every half second, after the old ones have stopped. Compose creates the new containers, and each
# is started here as soon as its old one is gone: another service may take long to stop. Without a command, starts those that have
# exited. Arguments: project services [command-of-compose...]
set -u
project=$1 services=$2
shift 2
containers() { # id, name, service and state of all of them
  docker ps --all --no-trunc --filter "label=com.docker.compose.project=$project" \
    --filter label=com.docker.compose.oneoff=False \
    --format '{{.ID}} {{.Names}} {{.Label "com.docker.compose.service"}} {{.Status}}'
}
is_named() { case " $services " in *" $1 "*) ;; *) return 1 ;; esac }
was_there() { printf '%s\n' "$before" | grep -q "^$1 "; }

# Compose renames a new container to the old name once the old one is gone. Then it only has to be started.
start_replaced() {
  containers | while read -r id name service state; do
    if [ "$state" = Created ] && is_named "$service" && ! was_there "$id" && was_there "[^ ]* $name"; then
      docker start "$id" </dev/null
    fi
  done
}

before=$(containers) || exit
if [ $# -gt 0 ]; then
  {
    stop=''
    trap 'stop=yes' TERM # what it is starting is started first: it would be started twice
    while [ -z "$stop" ] && kill -0 $$; do
      { sleep 0.2 || sleep 1; } &
      wait $!
      [ -n "$stop" ] || start_replaced
    done
  } >/dev/null 2>&1 </dev/null &
  starting=$!
  "$@"
  code=$?
  kill "$starting"
  wait "$starting" 2>/dev/null
  [ "$code" = 0 ] || exit "$code"
fi

rows=$(containers) || exit
pids=
while read -r id name service state; do
  is_named "$service" || continue
  case $state in
    Created) ;;
    Exited*) was_there "$id" || continue ;; # it was started above, and has ended
    *) continue ;;
  esac
  docker start "$id" >/dev/null </dev/null &
  pids="$pids $!"
done <<END
$rows
END
failed=0
for pid in $pids; do
  wait "$pid" || failed=1
done
exit $failed
