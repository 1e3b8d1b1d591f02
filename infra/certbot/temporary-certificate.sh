#!/bin/sh
# Makes a certificate that nginx can start with, when there is none. Browsers warn of it, but nginx answers the challenge
# that gets the real one. Runs as root, without a network, and ends (see docker/docker-compose.prod.yml).
set -eu
umask 077

nginx=101 # nginx's user in its official image, and certbot's here
names=$(echo "${DOMAIN:-localhost}" | sed 's/ //g; s/,/,DNS:/g')

if [ ! -e /tls/current/fullchain.pem ]; then
  mkdir -p /tls/temporary
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
    -subj '/CN=Korrigo, temporary' -addext "subjectAltName=DNS:$names" \
    -keyout /tls/temporary/privkey.pem -out /tls/temporary/fullchain.pem 2>/dev/null
  ln -sfn temporary /tls/current
  echo 'made a temporary certificate'
fi
chown -R $nginx:$nginx /tls /etc/letsencrypt /var/www/certbot
