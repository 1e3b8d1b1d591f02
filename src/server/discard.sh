# Removes the images that were pulled here ahead of tests that then failed. An image that another name or a container uses
# stays. Also removes what an interrupted pull of such an image has left without a name.
# Arguments: tag name|name@digest...
set -u
tag=$1
shift
for image; do
  docker image rm "${image%@*}:$tag" >/dev/null 2>&1
  case $image in *@*) ;; *) continue ;; esac
  names=$(docker image inspect --format '{{join .RepoTags " "}}' "$image" 2>/dev/null) || continue
  [ -n "$names" ] || docker image rm "$image" >/dev/null 2>&1
done
exit 0
