#!/bin/sh
# Checks for a new certificate every TLS_CHECK_INTERVAL seconds, and reloads nginx only if there is one. A reload drops no
# connection; if nginx would refuse the certificate, it does not reload.
set -eu

certificate=/tls/current/fullchain.pem
[ -e "$certificate" ] || exit 0 # plain HTTP

watch() {
  seen=$(cksum <"$certificate")
  # If `sleep` is killed, for want of memory for example, watching goes on.
  while sleep "${TLS_CHECK_INTERVAL:-30}" || sleep 30; do
    now=$(cksum <"$certificate" 2>/dev/null) || continue
    if [ "$now" != "$seen" ] && nginx -t -q && nginx -s reload; then
      seen=$now
      echo 'reloaded: the certificate is new'
    fi
  done
}

watch &
