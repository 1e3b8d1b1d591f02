# Builds with `docker buildx bake`, and allows the entitlements that the compose file itself requests: from 0.20 on, bake
# asks a person for consent; older versions do not know the option. Its progress goes to standard output too, where the steps
# from the cache are counted. Arguments: what-is-allowed what-steps-may-ask-for options-of-bake...
set -euf
allowed=$1 entitlements=$2
shift 2
if docker buildx bake --help 2>/dev/null | grep -q -- '--allow '; then
  for one in $allowed; do set -- "$@" --allow "$one"; done
  for one in $entitlements; do set -- "$@" --set "$one"; done
elif [ -n "$entitlements" ]; then
  version=$(docker buildx version 2>/dev/null | awk '{ print $2 }')
  echo "compose-file: a build with \`entitlements\` or \`privileged\` needs buildx 0.17 or later on the runner (found: ${version:-none}): update it, for example with docker/setup-buildx-action" >&2
  exit 1
fi
exec docker buildx bake "$@" 2>&1
