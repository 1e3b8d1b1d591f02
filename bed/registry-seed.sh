#!/usr/bin/env bash
# A registry image that holds the images servers need: every bed then starts its own registry, filled, in a second, and
# nothing that a test pushes outlives it.   registry-seed.sh <registry image> <new image> <image>...
set -euo pipefail

registry=$1 seeded=$2
shift 2
key=$({ echo "$@"; docker image inspect --format '{{.Id}}' "$registry" "$@"; } | sha256sum | cut -c 1-16)
[ "$(docker image inspect --format '{{index .Config.Labels "korrigo.recipe"}}' "$seeded" 2>/dev/null)" != "$key" ] || exit 0
echo "bed: $seeded" >&2

# Not the default folder: the official registry declares that one a volume, and a commit leaves volumes out.
id=$(docker run --detach --publish 127.0.0.1::5000 \
  --env REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/srv/registry "$registry")
trap 'docker rm --force --volumes "$id" >/dev/null' EXIT
address=$(docker port "$id" 5000/tcp)
timeout 20 sh -c "until curl --silent --fail http://$address/v2/; do sleep 0.2; done" >/dev/null
for image in "$@"; do
  docker tag "$image" "$address/$image"
  docker push --quiet "$address/$image" >/dev/null
  docker rmi "$address/$image" >/dev/null
done
docker stop --time 2 "$id" >/dev/null
docker commit --change "LABEL korrigo.recipe=$key" "$id" "$seeded" >/dev/null
