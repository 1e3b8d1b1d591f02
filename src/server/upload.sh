# Pushes images that Docker built here, under a tag of their commit that nothing else uses: the engine's own builder
# cannot push by digest. Reports the name of each in the registry: fact uploaded, target, name@digest.
# Arguments: tag target=name:tag...
set -u
tag=$1
shift
upload() {
  image=${1#*=}
  name=${image%:*}
  docker tag "$image" "$name:$tag" || return
  said=$(docker push "$name:$tag" 2>&1) || {
    printf '%s\n' "$said" | tail -n 3 >&2
    return 1
  }
  docker image rm "$name:$tag" >/dev/null
  fact uploaded "${1%%=*}" "$name@$(printf '%s\n' "$said" | sed -n 's/.* digest: \(sha256:[0-9a-f]*\) .*/\1/p' | tail -n 1)"
}
beside upload "$@"
