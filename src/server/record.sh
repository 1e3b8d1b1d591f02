# Adds a line about an attempt (JSON on stdin) to the history of the application, after an end for a line that a full
# disk cut off: the two would be read as one, and lost. Arguments: root
set -eu
umask 022
[ -d "$1" ] || exit 0
history=$1/history.jsonl
[ ! -s "$history" ] || [ -z "$(tail -c 1 "$history")" ] || echo >>"$history"
cat >>"$history"
