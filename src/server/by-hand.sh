# Starts again what somebody had started by hand before the first deploy, from the same files, and removes what the deploy has
# added. Some files contain ${PWD}. Arguments: project folder services ids-of-others-that-stay command-of-compose...
set -u
project=$1 services=$3 kept=" $3 $4 "
cd "$2" || exit
export PWD
shift 4
rows=$(docker ps --all --no-trunc --filter "label=com.docker.compose.project=$project" \
  --filter label=com.docker.compose.oneoff=False --format '{{.ID}} {{.Label "com.docker.compose.service"}}') || exit
added=''
while read -r id service; do
  case $kept in *" $service "* | *" $id "*) ;; *) added="$added${id:+ $id}" ;; esac
done <<END
$rows
END
# shellcheck disable=SC2086 # ids
[ -z "$added" ] || { docker stop $added && docker rm $added; } >/dev/null || exit
# shellcheck disable=SC2086 # names
exec "$@" $services
