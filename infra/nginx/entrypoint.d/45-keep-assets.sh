#!/bin/sh
# Puts what the pages of this release ask for where those of later releases find it: a page that is open in a browser asks
# for its own assets, not for those of today. Only names with a hash in them: other content has another name. What no release
# needs any more goes after 30 days.
set -eu

kept=/var/cache/nginx/kept
mkdir -p "$kept/assets" "$kept/static"

# Those of the release that runs are of the year 2100. So what is of the future now is of the release before.
touch /tmp/now
find "$kept" -type f -newer /tmp/now -exec touch {} +

keep() {
  from=$1 to=$2 names=$3
  [ -d "$from" ] || return 0
  (cd "$from" && find . -type f) | { grep -E "$names" || true; } >/tmp/names
  while read -r name; do
    [ -e "$to/$name" ] || {
      # In one step: another nginx may be giving it out.
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
