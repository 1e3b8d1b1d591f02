# After observe: how Compose would label the containers of the current release, how many of each there are to be where
# that is not one, and which images that release has.
# Arguments: root project
root=$1
if [ -e "$root/current/compose.yml" ]; then
  tell_services "$root/current/compose.yml"
  fact json "$(tr -d '\n' <"$root/current/release.json")"
fi
