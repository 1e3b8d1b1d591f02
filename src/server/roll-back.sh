# Brings a service back to the previous release, so that at least one of its containers always answers. While all the old ones are
# there, the new release's containers are only removed. If old ones were being removed (retire.sh), new ones of the old
# release are started first.
# Arguments: project service old-compose-file new-compose-file containers-before seconds-to-drain seconds-to-become-healthy
#   id-of-before...
set -u
project=$1 service=$2 from=$3 to=$4 count=$5 drain=$6 seconds=$7
shift 7
before=" $* "
# Sets ids: fresh (of the old release, started by a rollback), going (on their way out), new (of the new release), old.
sort_out() {
  fresh='' going='' new='' old='' all=0 ready=0
  ids=$(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$service" --filter label=com.docker.compose.oneoff=False) || exit 1
  [ -n "$ids" ] || return 0
  # shellcheck disable=SC2086 # ids
  rows=$(docker inspect --type container --format '{{.ID}} {{.Name}} {{.State.Status}} {{with .State.Health}}{{.Status}}{{else}}none{{end}} {{index .Config.Labels "com.docker.compose.project.config_files"}}' $ids) || return 1
  while read -r id name status health file; do
    all=$((all + 1))
    case $before in
      *" $id "*)
        case ${name#/} in
          "$(printf %.12s "$id")"_*) going="$going $id" ;;
          *) old="$old $id" ;;
        esac
        ;;
      *)
        case $file in
          "$to") new="$new $id" ;;
          *)
            fresh="$fresh $id"
            case $status:$health in running:healthy | running:none) ready=$((ready + 1)) ;; esac
            ;;
        esac
        ;;
    esac
  done <<END
$rows
END
}
sort_out || exit 1
leaving=$new
if [ -n "$going" ] || [ -z "$old" ]; then
  # shellcheck disable=SC2086 # ids
  set -- $fresh
  missing=$((count - $#))
  if [ "$missing" -gt 0 ]; then
    # What it waits for may be the broken part: then it comes back with everything else.
    timeout "$seconds" docker compose --project-name "$project" --file "$from" up --detach --no-recreate --no-build --pull never \
      --scale "$service=$((all + missing))" "$service" || exit 0
  fi
  waited=0
  while sort_out; [ "$ready" -lt "$count" ]; do
    if [ "$waited" -ge "$seconds" ]; then
      echo "$service of the previous release is not healthy after $seconds s" >&2
      break # the checks at the end decide
    fi
    sleep 1
    waited=$((waited + 1))
  done
  sleep "$drain"
  leaving="$new $going $old"
fi
# shellcheck disable=SC2086 # ids
set -- $leaving
[ $# -gt 0 ] || exit 0
docker stop "$@" >/dev/null
docker rm --force "$@" >/dev/null
