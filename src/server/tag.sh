# Gives images that were sent ahead the tags that others use. The registry has all layers of them already: what is written
# is the tag. Fails where something else than what was tested would get one. Arguments: name:tag=name@sha256:...
set -u
give() {
  tag=${1%%=*} image=${1#*=}
  # It has that tag already where nothing else was built meanwhile, and not every engine knows an image by its digest alone.
  docker tag "$image" "$tag" 2>/dev/null || docker image inspect "$tag" >/dev/null || return
  said=$(docker push "$tag" 2>&1) || {
    printf '%s\n' "$said" | tail -n 3 >&2
    return 1
  }
  case $said in *"digest: ${image##*@} "*) return 0 ;; esac
  printf '%s\n' "$tag became something else than $image" >&2
  return 1
}
beside give "$@"
