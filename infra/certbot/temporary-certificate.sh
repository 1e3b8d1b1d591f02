#!/bin/sh
# Makes a certificate that nginx can start with, when there is none. Browsers warn of it, but nginx answers the challenge
# that gets the real one. For a week: the monitoring tells of a certificate that expires within two, and so of a real one
# that never came. Runs as root, without a network, and ends (see docker/docker-compose.prod.yml).
set -eu
umask 077

nginx=101 # nginx's user in its official image, and certbot's here
backup=10001 # the backup's group, which reads what certbot keeps
names=$(echo "${DOMAIN:-localhost}" | sed 's/ //g; s/,/,DNS:/g')

is_needed() {
  [ -e /tls/current/fullchain.pem ] || return 0
  [ "$(readlink /tls/current)" = temporary ] && ! openssl x509 -checkend 86400 -noout -in /tls/current/fullchain.pem >/dev/null
}

if is_needed; then
  mkdir -p /tls/temporary
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 7 \
    -subj '/CN=Korrigo, temporary' -addext "subjectAltName=DNS:$names" \
    -keyout /tls/temporary/privkey.pem -out /tls/temporary/fullchain.pem 2>/dev/null
  ln -sfn temporary /tls/current
  echo 'made a temporary certificate'
fi
chown -R $nginx:$nginx /tls /var/www/certbot
chown -R $nginx:$backup /etc/letsencrypt
