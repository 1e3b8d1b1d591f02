# After observe: how Compose would label the containers of the current release, and how many of each there are to be where
# that is not one.
# Arguments: root project
root=$1
[ ! -e "$root/current/compose.yml" ] || tell_services "$root/current/compose.yml"
