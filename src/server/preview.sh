# What Compose says it would do: both of its streams as one. Its questions get no answer. What it printed
# before it timed out or failed counts.
# Compose opens buildx's records, although nothing is built here: it gets a folder for them that is removed again.
# Arguments: seconds command...
set -u
records=$(mktemp -d) || exit 0
trap 'rm -rf "$records"' EXIT
trap 'exit 143' HUP INT TERM # dash and BusyBox end without the other one
BUILDX_CONFIG=$records timeout "$@" </dev/null 2>&1 || true
