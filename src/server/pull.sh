# Brings every image of a release here, side by side, and checks that it can run. A tag of its own keeps each one from
# a prune: an image that only a digest names is removed by anybody's `docker image prune`.
# Arguments: tag name@sha256:...
set -u
tag=$1
shift
machine=$(docker version --format '{{.Server.Arch}}')
failed=0
pull() {
  docker image inspect "$1" >/dev/null 2>&1 || docker pull --quiet "$1" >/dev/null || return 1
  built_for=$(docker image inspect --format '{{.Architecture}}' "$1")
  if [ "$built_for" != "$machine" ]; then
    printf 'wrong-architecture\t%s\t%s\t%s\n' "$1" "$built_for" "$machine"
    return 0
  fi
  docker tag "$1" "${1%@*}:$tag" && printf 'pulled\t%s\n' "$1"
}
pids=
for image in "$@"; do
  pull "$image" &
  pids="$pids $!"
done
for pid in $pids; do
  wait "$pid" || failed=1
done
exit $failed
