# The containers of a project as they are now, after a line with this machine's time in seconds. Arguments: project
date +%s
containers "$1"
