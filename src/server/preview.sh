# What Compose says it would do: both of its streams as one. It gets no answer to what it would ask a person. A dry run waits
# for health like a real one, and that comes last: what was said before the time is up, or before it fails, counts.
# Arguments: seconds command...
set -u
timeout "$@" </dev/null 2>&1 || true
