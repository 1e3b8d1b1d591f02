# Asks GitHub, with its CLI `gh`, whether a workflow of a repository attested these images. Facts: attested, image; or
# refused, image, why. If it cannot ask: gh, missing|old|login. stdin: a GitHub token, or nothing.
# Arguments: owner/repo image...
set -u
if ! command -v gh >/dev/null; then
  fact gh missing
  exit 0
fi
# Before 2.49 gh does not have this command.
case $(gh attestation verify --help 2>&1 </dev/null) in
  *oci://*) ;;
  *)
    fact gh old
    exit 0
    ;;
esac
token=$(cat)
[ -z "$token" ] || export GH_TOKEN="$token"
repository=$1
shift
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
trap 'exit 143' HUP INT TERM # dash and BusyBox end without the other one
for image in "$@"; do
  found=$(gh attestation verify "oci://$image" --repo "$repository" --format json 2>"$answer" </dev/null)
  code=$?
  # Before 2.67 it exited with 0 if there was no attestation at all.
  case $code:$found in
    0:*'"verificationResult"'*) fact attested "$image" ;;
    4:*) # It has no token.
      fact gh login
      exit 0
      ;;
    *) fact refused "$image" "$(grep -v '^ *$' "$answer" | tail -n 1 | sed 's/^Error: //')" ;;
  esac
done
