# After observe: how Compose would label the containers of the current release, how many of each there are to be where
# that is not one, and which images that release has.
# Arguments: root project
root=$1
if [ -e "$root/current/compose.yml" ]; then
  docker compose --file "$root/current/compose.yml" config --hash '*' | while read -r service hash; do
    fact hash "$service$(printf '\t')$hash"
  done
  awk '
    /^[^ ]/ { top = $1 }
    top != "services:" { next }
    /^  [^ ]/ { service = $1; gsub(/[:"\047]/, "", service) }
    /^    [^ -]/ { section = $1 }
    /^    scale: / || (section == "deploy:" && /^      replicas: /) { print "replicas\t" service "\t" $2 }
  ' "$root/current/compose.yml"
  fact json "$(tr -d '\n' <"$root/current/release.json")"
fi
