# Adds a line about an attempt (JSON on stdin) to the history of the application. Arguments: root
set -eu
umask 022
[ ! -d "$1" ] || cat >>"$1/history.jsonl"
