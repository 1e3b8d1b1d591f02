#!/bin/sh
# Looks for another certificate every TLS_CHECK_INTERVAL seconds and reloads nginx then, and only then. A reload drops no
# connection; with a certificate that nginx would refuse there is none.
set -eu

certificate=/tls/current/fullchain.pem
[ -e "$certificate" ] || exit 0 # plain HTTP

watch() {
  seen=$(cksum <"$certificate")
  while sleep "${TLS_CHECK_INTERVAL:-30}"; do
    now=$(cksum <"$certificate" 2>/dev/null) || continue
    if [ "$now" != "$seen" ] && nginx -t -q && nginx -s reload; then
      seen=$now
      echo 'reloaded: the certificate is a new one'
    fi
  done
}

watch &
