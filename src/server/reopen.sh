# Reports what must be known about a release on this server before it is rolled back to. Changes nothing.
# Arguments: root id
set -eu
: "${tab:?}"
export LC_ALL=C
root=$1
release=$root/releases/$2
fact json "$(tr -d '\n' <"$release/release.json")"
images=$(awk "$AWK_IMAGES" "$release/compose.yml" | sort -u)
printf '%s\n' "$images" | xargs -r docker image inspect >/dev/null 2>&1 || printf '%s\n' "$images" | while IFS= read -r image; do
  docker image inspect "$image" >/dev/null 2>&1 || fact missing-image "$image"
done
awk -v source="$root" -v folder="$release" -v opts_in="$(opts_in "$release/compose.yml")" "$AWK_USES" "$release/compose.yml" | sort -u | while IFS=$tab read -r service mode name path; do
  case $mode in in-*) continue ;; esac
  case $name in files/*) mode=ro name=$path ;; esac
  tell_missing "$mode" "${name#shared/}" "$path" "$service" || true
done
print_services "$release/compose.yml"
print_changes "$root" "$release"
