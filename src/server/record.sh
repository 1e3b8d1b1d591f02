# Adds a line about an attempt (JSON on stdin) to the application's history. If a full disk has truncated the last line, it ends
# that line first: otherwise both would be read as one and lost. Arguments: root
set -eu
umask 022
[ -d "$1" ] || exit 0
history=$1/history.jsonl
[ ! -s "$history" ] || [ -z "$(tail -c 1 "$history")" ] || echo >>"$history"
cat >>"$history"
