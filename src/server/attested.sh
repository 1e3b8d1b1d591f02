# Asks GitHub, with its program `gh`, whether a workflow of a repository attested these images: fact attested, image, or fact
# refused, image, why. stdin: a token for GitHub, or nothing. Arguments: owner/repo image...
set -u
if ! command -v gh >/dev/null; then
  fact gh missing
  exit 0
fi
token=$(cat)
[ -z "$token" ] || export GH_TOKEN="$token"
repository=$1
shift
told=$(mktemp)
trap 'rm -f "$told"' EXIT
for image in "$@"; do
  found=$(gh attestation verify "oci://$image" --repo "$repository" --format json 2>"$told" </dev/null)
  code=$?
  # Before 2.67 it ended with 0 where there was no attestation at all.
  case $code$found in
    0*'"verificationResult"'*) fact attested "$image" ;;
    *) fact refused "$image" "$(grep -v '^ *$' "$told" | tail -n 1)" ;;
  esac
done
