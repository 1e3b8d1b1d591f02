# Defines boot(): what the boot unit does after each start of the engine: finishes what a power loss interrupted, then starts
# what Docker could not.
boot() {
  exec 9>>"$lease/lock"
  flock -n 9 || return 0
  path='' docker='' runtime=''
  { read -r path && read -r docker && read -r runtime; } <"$lease/surroundings"
  [ -z "$path" ] || PATH=$path
  [ -z "$docker" ] || export DOCKER_HOST="$docker"
  [ -z "$runtime" ] || export XDG_RUNTIME_DIR="$runtime"
  ! is_open || finish
  exec 9>&-
  start_failed
}

# Docker starts all containers at once, and only once: a proxy that shares the network of a door that is not up yet stays down.
# A container that someone stopped has no error, and is left alone. Repeated, for containers that wait for each other.
start_failed() {
  await_docker
  tries=0
  while find_failed && [ "$tries" -lt 10 ]; do
    [ "$tries" -eq 0 ] || sleep 3
    tries=$((tries + 1))
    # shellcheck disable=SC2086 # ids
    docker start $failed >/dev/null 2>&1
  done
}

# Sets failed to the ids of this application's containers that should run and could not be started, or fails if there are none.
find_failed() {
  failed=''
  ids=$(docker ps --all --quiet --no-trunc --filter status=exited --filter label=com.docker.compose.project) || return 1
  [ -n "$ids" ] || return 1
  # shellcheck disable=SC2086 # ids
  rows=$(docker inspect --type container --format '{{.ID}} {{.HostConfig.RestartPolicy.Name}} {{if .State.Error}}failed{{else}}ended{{end}} {{index .Config.Labels "com.docker.compose.project.config_files"}}' $ids)
  while read -r id policy how file; do
    case $policy:$how:$file in always:failed:"$root"/* | unless-stopped:failed:"$root"/*) failed="$failed $id" ;; esac
  done <<END
$rows
END
  [ -n "$failed" ]
}
