# nginx resolves the names of its upstreams when it starts, and keeps sending requests to a container that is gone. So an
# nginx that is older than another container of the project is reloaded, which interrupts no request. Never fails: a proxy
# that cannot be reloaded is reported. Arguments: project first|last
set -u
project=$1 time=$2
ids=$(docker ps --quiet --no-trunc --filter "label=com.docker.compose.project=$project" --filter label=com.docker.compose.oneoff=False) || exit 0
[ -n "$ids" ] || exit 0
# shellcheck disable=SC2086 # ids
rows=$(docker inspect --type container --format '{{.State.StartedAt}} {{.Id}} {{index .Config.Labels "com.docker.compose.service"}} {{.Config.Image}} {{.Path}} {{json .Args}}' $ids)
newest=$(printf '%s\n' "$rows" | sed -n 's/^\([0-9T:.-]*\)Z .*/\1/p' | sort | tail -n 1)
printf '%s\n' "$rows" | while read -r started id service what; do
  [ "${started%Z}" != "$newest" ] || continue
  case $what in
    *nginx*)
      if why=$(timeout -k 5 20 docker exec "$id" nginx -s reload 2>&1 </dev/null); then
        [ "$time" = first ] || echo "$service: nginx has resolved its upstreams again"
      elif [ "$time" = last ]; then
        echo "warning: $service was not recreated, and its nginx may still send requests to containers that are gone: it did not reload ($(printf '%s\n' "$why" | tail -n 1)). If it answers 502: docker compose restart $service"
      fi
      ;;
    *haproxy*)
      [ "$time" = first ] || echo "warning: $service was not recreated, and HAProxy without \`resolvers\` keeps sending requests to containers that are gone. If it answers 503: docker compose restart $service"
      ;;
  esac
done
exit 0
