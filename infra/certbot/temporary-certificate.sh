#!/bin/sh
# Creates a certificate that nginx can start with, if there is none. Browsers warn about it, but nginx can then answer the
# challenge for the real one. It is valid for a week: the monitoring warns about certificates that expire within two weeks,
# so also if the real one never arrives. Runs as root, without a network, and exits (see docker/docker-compose.prod.yml).
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
  # As new files: nginx keeps what it has of a file with the same inode and the same time in seconds, over a reload too.
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 7 \
    -subj '/CN=Korrigo, temporary' -addext "subjectAltName=DNS:$names" \
    -keyout /tls/temporary/privkey.new -out /tls/temporary/fullchain.new 2>/dev/null
  mv /tls/temporary/privkey.new /tls/temporary/privkey.pem
  mv /tls/temporary/fullchain.new /tls/temporary/fullchain.pem
  ln -sfn temporary /tls/current
  echo 'created a temporary certificate'
fi
chown -R $nginx:$nginx /tls /var/www/certbot
chown -R $nginx:$backup /etc/letsencrypt
