#!/bin/sh
# Copies the secret files for those who are to read them, and makes up the one that nobody has to know. Runs as root,
# without a network, before anything else starts, and ends (see docker-compose.common.yml).
set -eu
umask 077

readers=10001 # the group of backend and celery; the database is added to it

main() {
  chgrp $readers /run/prepared
  chmod 750 /run/prepared
  for file in /run/secrets/*.txt; do
    name=${file##*/}
    [ -s "$file" ] || { echo "secrets/$name is missing or empty" >&2; exit 1; }
    prepare "${name%.txt}" <"$file"
  done
  # Prometheus reads it here, too. With one from the start the monitoring can be added without restarting anything.
  [ -s /run/prepared/metrics_token ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' | prepare metrics_token
}

prepare() {
  cat >"/run/prepared/.$1"
  chgrp $readers "/run/prepared/.$1"
  chmod 440 "/run/prepared/.$1"
  mv "/run/prepared/.$1" "/run/prepared/$1" # whole or not at all
}

main
