# What Compose says it would do: both of its streams as one. It gets no answer to what it would ask a person. A dry run waits
# for health like a real one, and that comes last: what was said before the time is up, or before it fails, counts.
# Compose opens buildx's records, though nothing is built here: it gets a folder for them that goes again.
# Arguments: seconds command...
set -u
records=$(mktemp -d) || exit 0
trap 'rm -rf "$records"' EXIT
BUILDX_CONFIG=$records timeout "$@" </dev/null 2>&1 || true
