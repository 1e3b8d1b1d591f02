#!/bin/sh
# Copies this release's assets to where later releases serve them from: a page that is open in a browser requests its own
# assets, not the current ones. Only names with a hash: different content has a different name. What no release needs any
# more is deleted after 30 days.
set -eu

kept=/var/cache/nginx/kept
mkdir -p "$kept/assets" "$kept/static"

# The running release's assets are dated 2100. So what has a date in the future now belongs to the previous release.
touch /tmp/now
find "$kept" -type f -newer /tmp/now -exec touch {} +

keep() {
  from=$1 to=$2 names=$3
  [ -d "$from" ] || return 0
  (cd "$from" && find . -type f) | { grep -E "$names" || true; } >/tmp/names
  while read -r name; do
    [ -e "$to/$name" ] || {
      # In one step: another nginx may be serving it.
      mkdir -p "$to/${name%/*}"
      cp "$from/$name" "$to/$name.$$"
      mv "$to/$name.$$" "$to/$name"
    }
  done </tmp/names
  [ ! -s /tmp/names ] || tr '\n' '\0' </tmp/names | (cd "$to" && xargs -0 touch -d '2100-01-01 00:00:00')
}
keep /usr/share/nginx/html/assets "$kept/assets" .
keep /app/static "$kept/static" '\.[0-9a-f]{12}\.[a-z0-9]+$'

find "$kept" -type f -mtime +30 -exec rm -f {} +
