# Pulls every image of a release, in parallel, and checks that it can run here. A tag protects each of them from a prune: any
# `docker image prune` removes an image that has only a digest.
# If a service sets its platform, the image is pulled for that platform: an emulator runs it.
# Arguments: sealed-file tag name@sha256:...
set -u
: "${tab:?}"
file=$1 tag=$2
shift 2
platforms=$(awk "$AWK_PLATFORMS" "$file") || exit 1
machine=$(docker version --format '{{.Server.Arch}}') || exit 1
failed=0
architectures() { # of an image that has several
  found=$(docker manifest inspect "$1" 2>/dev/null | sed -n 's/.*"architecture": "\([^"]*\)".*/\1/p' | grep -v unknown | sort -u | tr '\n' ',')
  found=${found%,}
  printf %s "${found:-other machines}"
}
platform() { printf '%s\n' "$platforms" | awk -F "$tab" -v image="$1" '$1 == image { print $2; exit }'; }
architecture() { docker image inspect --format '{{.Architecture}}' "$1"; } # of an image that is here
pull() {
  wanted=$(platform "$1")
  if ! built_for=$(architecture "$1" 2>/dev/null) && ! why=$(docker pull --quiet ${wanted:+--platform "$wanted"} "$1" 2>&1 >/dev/null); then
    case $why in
      # Retrying would not help.
      *'no matching manifest'* | *'no match for platform'*)
        fact wrong-architecture "$1" "$(architectures "$1")" "$machine"
        return 0
        ;;
    esac
    printf '%s\n' "$why" >&2
    return 1
  fi
  [ -n "$built_for" ] || built_for=$(architecture "$1") || return 1
  if [ -z "$wanted" ] && [ "$built_for" != "$machine" ]; then
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
tell_unchecked "$file"
exit $failed
