# Removes what an interrupted switch has left in a project: containers that Compose had not renamed yet (it calls them <12
# digits>_<name> until the old one is gone), and one-off containers of migrations and backups. If the network of an exited
# container was removed, Docker cannot start it again: its service gets a new container, which keeps its volumes. Compose
# cannot start a container that somebody has paused, so that goes on first.
# Arguments: project [file-of-the-release-that-is-to-run]
set -u
project=$1 file=${2-}
all() { # Nothing, if there are none. A container that ends meanwhile makes `docker inspect` fail.
  ids=$(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$project") || return
  [ -z "$ids" ] || printf '%s\n' "$ids" |
    xargs docker inspect --type container --format '{{.Id}} {{.Name}} {{index .Config.Labels "com.docker.compose.oneoff"}} {{index .Config.Labels "com.docker.compose.service"}} {{.State.Status}} {{range .NetworkSettings.Networks}}{{.NetworkID}} {{end}}'
}
rows=$(all) || { sleep 1 && rows=$(all); } || exit 1
[ -n "$rows" ] || exit 0
networks=''
lost() { # Whether one of these networks is gone. Arguments: id...
  [ -n "$networks" ] || networks=$(docker network ls --quiet --no-trunc) || exit 1
  for network in "$@"; do
    printf '%s\n' "$networks" | grep -qxF "$network" || return 0
  done
  return 1
}
services=$(
  printf '%s\n' "$rows" |
    while read -r id name oneoff service status attached; do
      case ${name#/}:$oneoff in
        [0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]_*:* | *-migrate-*:True | *-backup-*:True)
          printf 'removing the leftover container %s\n' "${name#/}" >&2
          docker rm --force "$id" >/dev/null || exit 1
          continue
          ;;
      esac
      if [ "$status" = paused ]; then
        printf 'unpausing %s\n' "${name#/}" >&2
        docker unpause "$id" >/dev/null || exit 1
        continue
      fi
      # shellcheck disable=SC2086 # ids, in words
      if [ "$oneoff" = False ] && [ "$status" != running ] && lost $attached; then printf '%s\n' "$service"; fi
    done
) || exit 1
if [ -z "$services" ] || [ -z "$file" ]; then exit 0; fi
known=$(docker compose --project-name "$project" --file "$file" config --services) || exit 1
set --
for service in $known; do
  ! printf '%s\n' "$services" | grep -qxF "$service" || set -- "$@" "$service"
done
[ $# -eq 0 ] || exec docker compose --project-name "$project" --file "$file" create --no-build --pull never --force-recreate "$@"
