#!/bin/sh
# certbot.sh keep     request the certificate for DOMAIN and renew it when it is due, forever
# certbot.sh renew    the same, once; more arguments go to certbot:  … run --rm certbot renew --dry-run
#
# The first request and every renewal are the same command: certbot does nothing while the certificate is valid for long
# enough. The certificate is copied to /tls, which is all that nginx sees: no account key, no history.
set -eu

name=korrigo
live=/etc/letsencrypt/live/$name
webroot=/var/www/certbot
retry=3600 # Let's Encrypt allows five failures an hour

main() {
  mode=${1:-keep}
  [ $# = 0 ] || shift
  case $mode in
    keep) keep ;;
    renew) renew "$@" ;;
    *) sed -n '2,3s/^# //p' "$0" >&2; exit 64 ;;
  esac
}

keep() {
  interval=${CERTBOT_INTERVAL:-43200}
  case $interval in
    *[!0-9]* | 0) echo "CERTBOT_INTERVAL is '$interval'. It can be a number of seconds, e.g. 43200." >&2; exit 1 ;;
  esac
  [ -n "$DOMAIN" ] || echo 'DOMAIN is not set: nginx keeps its temporary certificate'
  while :; do
    if [ -z "$DOMAIN" ] || renew --quiet; then rest "$interval"
    else
      echo "no certificate for $DOMAIN this time, retrying later" >&2
      rest "$((interval < retry ? interval : retry))"
    fi
  done
}

renew() {
  reachable || { echo "nginx does not answer the challenge of $DOMAIN" >&2; return 1; }
  if [ -n "${ACME_EMAIL:-}" ]; then set -- --email "$ACME_EMAIL" "$@"
  else set -- --register-unsafely-without-email "$@"; fi
  certbot certonly --non-interactive --agree-tos --keep-until-expiring --renew-with-new-domains \
    --cert-name $name --domains "$DOMAIN" --key-type ecdsa --server "$ACME_SERVER" \
    --webroot --webroot-path $webroot \
    --config-dir /etc/letsencrypt --work-dir /var/lib/letsencrypt --logs-dir /tmp/certbot "$@" || return 1
  share
  install_certificate
}

# For the backup, which runs as the application's user: its group can read the account and the certificates too.
share() { chgrp -R 10001 /etc/letsencrypt && chmod -R g+rX /etc/letsencrypt; }

# nginx starts at about the same time. Let's Encrypt would count an unanswered challenge as a failure.
reachable() {
  mkdir -p $webroot/.well-known/acme-challenge
  echo ok >$webroot/.well-known/acme-challenge/self
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    touch /tmp/alive
    python3 -c 'import sys, urllib.request as web; web.urlopen(sys.argv[1], timeout=3)' \
      http://nginx/.well-known/acme-challenge/self 2>/dev/null && return 0
    sleep 3
  done
  return 1
}

# Certificate and key change in one step, through a link: nginx never sees a pair that does not match.
install_certificate() {
  [ -e $live/fullchain.pem ] || return 0
  ! cmp -s $live/fullchain.pem /tls/current/fullchain.pem || return 0
  old=$(readlink /tls/current || true)
  new=$(date -u +%Y%m%d-%H%M%S)
  mkdir -p "/tls/$new"
  cp $live/fullchain.pem $live/privkey.pem "/tls/$new/"
  chmod 600 "/tls/$new/privkey.pem"
  ln -sfn "$new" /tls/current
  [ -z "$old" ] || [ "$old" = "$new" ] || rm -rf "/tls/${old:?}"
  echo "installed the certificate for $DOMAIN"
}

# In short sleeps, so that the file for the healthcheck stays fresh.
rest() {
  end=$(($(date +%s) + $1))
  while [ "$(date +%s)" -lt "$end" ]; do
    touch /tmp/alive
    left=$((end - $(date +%s)))
    sleep "$((left < 30 ? (left > 0 ? left : 1) : 30))"
  done
}

main "$@"
