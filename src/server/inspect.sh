# This machine's time in seconds, and the containers of a project as they are now. Arguments: project
: "${tab:?}"
fact time "$(date +%s)"
all=$(containers "$1") || exit
[ -z "$all" ] || printf '%s\n' "$all" | sed "s/^/container$tab/"
