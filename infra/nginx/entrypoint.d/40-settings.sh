#!/bin/sh
# What of nginx's configuration depends on the environment, each in a file that is included where it belongs.
set -eu

main() {
  put trusted-proxies trusted_proxies
  put media media
  put https-port https_port
}

put() {
  mkdir -p "/tmp/nginx/$1"
  "$2" >"/tmp/nginx/$1/from-environment.conf"
}

# TRUSTED_PROXIES="10.0.0.0/8, 192.0.2.1" → who may tell nginx the address of a client and that it came by HTTPS.
trusted_proxies() {
  for address in $(echo "${TRUSTED_PROXIES:-}" | tr ',' ' '); do echo "set_real_ip_from $address;"; done
}

# What was kept while it was public goes when it no longer is.
media() {
  if [ "${MEDIA_ACCESS:-}" = public ]; then echo 'proxy_cache media_cache;'
  else rm -rf /var/cache/nginx/media; fi
}

https_port() {
  if [ "${HTTPS_PORT:-443}" != 443 ]; then echo "\"~:[0-9]+\$\" :$HTTPS_PORT;"; fi
}

main
