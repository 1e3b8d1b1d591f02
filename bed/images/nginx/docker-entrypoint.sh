#!/bin/sh
# What the official entrypoint does and people rely on: templates filled from the environment, then /docker-entrypoint.d.
set -e

if [ "$1" = nginx ] || [ "$1" = nginx-debug ]; then
  if [ -d /etc/nginx/templates ]; then
    # Only variables that exist are filled in: nginx's own ($host, $uri) stay.
    names=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/${\1}/p' | tr '\n' ' ')
    find /etc/nginx/templates -name '*.template' | while read -r template; do
      name=${template#/etc/nginx/templates/}
      mkdir -p "$(dirname "/etc/nginx/conf.d/$name")"
      envsubst "$names" <"$template" >"/etc/nginx/conf.d/${name%.template}"
    done
  fi
  for script in /docker-entrypoint.d/*; do
    # shellcheck source=/dev/null
    case $script in
      *.envsh) [ ! -x "$script" ] || . "$script" ;;
      *.sh) [ ! -x "$script" ] || "$script" ;;
    esac
  done
fi
exec "$@"
