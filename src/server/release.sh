# Defines tell_release(): what Compose makes of a sealed release, and how it differs from the current one. Keys are
# told, values are not. Arguments: root folder-of-the-release
tell_release() {
  tab=$(printf '\t')
  # A service of which there is to be no container is there to be run by hand: nothing waits for it.
  idle=$(awk '
    /^[^ ]/ { top = $1 }
    top != "services:" { next }
    /^  [^ ]/ { service = $1; gsub(/[:"\047]/, "", service) }
    /^    [^ -]/ { section = $1 }
    /^    scale: 0$/ || (section == "deploy:" && /^      replicas: 0$/) { print service }
  ' "$2/compose.yml")
  docker compose --file "$2/compose.yml" config --hash '*' | while read -r service hash; do
    printf '%s\n' "$idle" | grep -qxF -e "$service" || printf 'hash\t%s\t%s\n' "$service" "$hash"
  done
  was=$1/current
  [ -e "$was/compose.yml" ] || return 0
  work=$(mktemp -d)
  awk "$AWK_FLATTEN" "$was/compose.yml" | sort >"$work/was"
  awk "$AWK_FLATTEN" "$2/compose.yml" | sort >"$work/is"
  sort "$was/files.tab" >"$work/files-were"
  sort "$2/files.tab" >"$work/files-are"
  {
    comm -3 "$work/was" "$work/is" | sed "s/^$tab//" | cut -f 1,2
    comm -3 "$work/files-were" "$work/files-are" | sed "s/^$tab//" | awk -F "$tab" '{ print $1 "\tfile " $2 }'
  } | sort -u | sed "s/^/changed$tab/"
  rm -rf "$work"
}
