# Builds with `docker buildx bake`, and allows what the compose file itself asks for. From 0.20 on bake wants a person's
# consent to it; one that is older does not know the word. Arguments: what-is-allowed options-of-bake...
set -euf
allowed=$1
shift
if docker buildx bake --help 2>/dev/null | grep -q -- '--allow '; then
  for one in $allowed; do set -- "$@" --allow "$one"; done
fi
exec docker buildx bake "$@"
