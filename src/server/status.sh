# After observe: how Compose would label the containers of the current release, and which images that release has.
# Arguments: root project
root=$1
if [ -e "$root/current/compose.yml" ]; then
  docker compose --file "$root/current/compose.yml" config --hash '*' | while read -r service hash; do
    fact hash "$service$(printf '\t')$hash"
  done
  fact json "$(tr -d '\n' <"$root/current/release.json")"
fi
