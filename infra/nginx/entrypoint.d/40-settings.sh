#!/bin/sh
# The parts of nginx's configuration that depend on the environment, each in a file that is included where it belongs.
set -eu

main() {
  problems=$(check)
  [ -z "$problems" ] || { printf 'infra/docker/.env:\n%s\n' "$problems" >&2; exit 1; }
  put trusted-proxies trusted_proxies
  put limits limits
  put limits-of-clients limits_of_clients
  put keepalive keepalive
  put media media
  put https-port https_port
  put listen-80 listen 80 default_server reuseport
  put listen-443 listen 443 ssl default_server reuseport
  put listen-8081 listen 8081 reuseport
  security_txt
}

# Reports everything at once that nginx would refuse or misread.
check() {
  for name in LIMIT_REQUESTS LIMIT_APPLICATION LIMIT_UPLOAD LIMIT_LOGIN; do
    is "$name" '[1-9][0-9]*r/[sm]|off' 'a rate, e.g. 50r/s or 30r/m, or off.'
  done
  for name in LIMIT_CONNECTIONS LIMIT_UPLOADS LIMIT_LOGINS; do is "$name" '[1-9][0-9]*|off' 'a number, or off.'; done
  is TRUSTED_PROXIES '[0-9a-fA-F.:/, ]+' 'addresses or networks, separated by commas, e.g. 10.0.0.0/8, 2001:db8::/32.'
  is SECURITY_CONTACT '(mailto:|https://)[^[:space:]]+' 'mailto:someone@example.org or https://….'
}

# is NAME PATTERN WHAT IT CAN BE; empty means not set.
is() {
  value=$(printenv "$1" || true)
  [ -z "$value" ] || printf '%s\n' "$value" | grep -qxE "$2" || echo "  $1 is '$value'. It can be $3"
}

put() {
  folder=/tmp/nginx/$1
  shift
  mkdir -p "$folder"
  "$@" >"$folder/from-environment.conf"
}

# TRUSTED_PROXIES="10.0.0.0/8, 2001:db8::/32" → the proxies that may set a client's address, and that it used HTTPS.
trusted_proxies() {
  for address in $(echo "${TRUSTED_PROXIES:-}" | tr ',' ' '); do echo "set_real_ip_from $address;"; done
}

# Request limits per client: name of the limit, the key in nginx.conf, the rate, the burst. A school is one client, so they
# are generous. `off` as the rate means no limit.
rates() {
  echo "requests client ${LIMIT_REQUESTS:-100r/s} 200"
  echo "application application_client ${LIMIT_APPLICATION:-50r/s} 100"
  echo "login login_client ${LIMIT_LOGIN:-30r/m} 20"
  echo "upload upload_client ${LIMIT_UPLOAD:-5r/s} 30"
}
# The same for concurrent connections and requests.
counts() {
  echo "connections client ${LIMIT_CONNECTIONS:-100}"
  echo "uploads upload_client ${LIMIT_UPLOADS:-20}"
  echo "logins login_client ${LIMIT_LOGINS:-5}"
}
limits() {
  rates | while read -r name key rate _; do
    [ "$rate" = off ] || echo "limit_req_zone \$$key zone=$name:5m rate=$rate;"
  done
  counts | while read -r name key count; do
    [ "$count" = off ] || echo "limit_conn_zone \$$key zone=$name:5m;"
  done
}
limits_of_clients() {
  rates | while read -r name _ rate burst; do
    [ "$rate" = off ] || echo "limit_req zone=$name burst=$burst nodelay;"
  done
  counts | while read -r name _ count; do
    [ "$count" = off ] || echo "limit_conn $name $count;"
  done
}

# A reload closes idle keep-alive connections, and a client that sends at that moment gets no response. nginx 1.27.4 and
# later can leave them open long enough for the client to notice.
keepalive() {
  version=$(nginx -v 2>&1 | sed 's/.*nginx\/\([0-9.]*\).*/\1/')
  oldest=$(printf '%s\n' 1.27.4 "$version" | sort -V | head -n 1)
  if [ "$oldest" = 1.27.4 ]; then echo 'keepalive_min_timeout 10s;'; fi
}

# Drops what was cached while it was public.
media() {
  if [ "${MEDIA_ACCESS:-}" = public ]; then echo 'proxy_cache media_cache;'
  else rm -rf /var/cache/nginx/media; fi
}

https_port() {
  if [ "${HTTPS_PORT:-443}" != 443 ]; then echo "\"~:[0-9]+\$\" :$HTTPS_PORT;"; fi
}

listen() {
  port=$1
  shift
  if [ -e /proc/net/if_inet6 ]; then echo "listen [::]:$port ipv6only=on${*:+ $*};"; fi
}

# Where to report a vulnerability (RFC 9116).
security_txt() {
  folder=/tmp/nginx/files/.well-known
  mkdir -p "$folder"
  [ -n "${SECURITY_CONTACT:-}" ] || return 0
  in_a_year=$(date -u -d "@$(($(date +%s) + 360 * 86400))" +%Y-%m-%dT%H:%M:%SZ)
  printf 'Contact: %s\nExpires: %s\n' "$SECURITY_CONTACT" "$in_a_year" >"$folder/security.txt"
}

main
