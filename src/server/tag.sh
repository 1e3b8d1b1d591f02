# Gives images that were sent ahead the tags that others use. The registry already has all their layers: only the tag is
# written. Fails if anything but the tested image would get the tag. Arguments: name:tag=name@sha256:...
set -u
give() {
  tag=${1%%=*} image=${1#*=}
  # It already has that tag if nothing else was built meanwhile, and not every engine finds an image by its digest alone.
  docker tag "$image" "$tag" 2>/dev/null || docker image inspect "$tag" >/dev/null || return
  said=$(docker push "$tag" 2>&1) || {
    printf '%s\n' "$said" | tail -n 3 >&2
    return 1
  }
  case $said in *"digest: ${image##*@} "*) return 0 ;; esac
  printf '%s\n' "$tag does not point to $image" >&2
  return 1
}
beside give "$@"
