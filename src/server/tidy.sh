# Removes what an interrupted switch left of a project: containers that Compose had not yet given their names (it calls them
# <12 digits>_<name> until the old one is gone), and one-off containers of migrations and backups. Arguments: project
set -u
ids=$(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$1") || exit 1
[ -n "$ids" ] || exit 0
printf '%s\n' "$ids" |
  xargs docker inspect --type container --format '{{.Id}} {{.Name}} {{index .Config.Labels "com.docker.compose.oneoff"}}' |
  while read -r id name oneoff; do
    case ${name#/}:$oneoff in
      [0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]_*:* | *-migrate-*:True | *-backup-*:True)
        printf 'removing the leftover container %s\n' "${name#/}"
        docker rm --force "$id" >/dev/null || exit 1
        ;;
    esac
  done
