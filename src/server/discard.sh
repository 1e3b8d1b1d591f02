# Takes back the images that were brought here while the tests still ran, and did not pass. An image that another name or a
# container needs stays. Of one that was built for it, also what has no name yet: its pull was cut short.
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
