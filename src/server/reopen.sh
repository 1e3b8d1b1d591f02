# What must be known of a release that is on this server already, before it is brought back. Changes nothing.
# Arguments: root id
set -eu
: "${tab:?}"
export LC_ALL=C
root=$1
release=$root/releases/$2
fact json "$(tr -d '\n' <"$release/release.json")"
awk "$AWK_IMAGES" "$release/compose.yml" | sort -u | while IFS= read -r image; do
  docker image inspect "$image" >/dev/null 2>&1 || fact missing-image "$image"
done
awk -v source="$root" -v folder="$release" "$AWK_USES" "$release/compose.yml" | sort -u | while IFS=$tab read -r service mode name path; do
  case $mode in in-*) continue ;; esac
  case $name in files/*) mode=ro name=$path ;; esac
  tell_missing "$mode" "${name#shared/}" "$path" "$service" || true
done
tell_services "$release/compose.yml"
tell_release "$root" "$release"
