# What must be known of a release that is on this server already, before it is brought back. Changes nothing.
# Arguments: root id
set -eu
export LC_ALL=C
root=$1
release=$root/releases/$2
printf 'json\t%s\n' "$(tr -d '\n' <"$release/release.json")"
sed -n 's/^    image: //p' "$release/compose.yml" | sort -u | while IFS= read -r image; do
  docker image inspect "$image" >/dev/null 2>&1 || printf 'missing-image\t%s\n' "$image"
done
sed -n "s|^.*: \($root/shared/.*\)\$|\1|p" "$release/compose.yml" | sort -u | while IFS= read -r path; do
  [ -e "$path" ] || printf 'missing\t%s\tused by this release\n' "${path#"$root"/shared/}"
done
tell_release "$root" "$release"
