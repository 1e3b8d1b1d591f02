# Brings every image of a release here, side by side, and checks that it can run. A tag of its own keeps each one from
# a prune: an image that only a digest names is removed by anybody's `docker image prune`.
# Arguments: tag name@sha256:...
set -u
tag=$1
shift
machine=$(docker version --format '{{.Server.Arch}}')
failed=0
architectures() { # of an image that has several
  found=$(docker manifest inspect "$1" 2>/dev/null | sed -n 's/.*"architecture": "\([^"]*\)".*/\1/p' | grep -v unknown | sort -u | tr '\n' ',')
  found=${found%,}
  printf %s "${found:-other machines}"
}
pull() {
  if ! docker image inspect "$1" >/dev/null 2>&1 && ! why=$(docker pull --quiet "$1" 2>&1 >/dev/null); then
    case $why in
      # Trying again would not help.
      *'no matching manifest'* | *'no match for platform'*)
        fact wrong-architecture "$1" "$(architectures "$1")" "$machine"
        return 0
        ;;
    esac
    printf '%s\n' "$why" >&2
    return 1
  fi
  built_for=$(docker image inspect --format '{{.Architecture}}' "$1")
  if [ "$built_for" != "$machine" ]; then
    fact wrong-architecture "$1" "$built_for" "$machine"
    return 0
  fi
  docker tag "$1" "${1%@*}:$tag"
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
