#!/bin/sh
# Copies the secret files for those who are to read them. Runs as root, without a network, before anything else starts,
# and ends (see docker-compose.common.yml).
set -eu
umask 077

readers=10001 # the group of backend and celery; the database is added to it

chgrp $readers /run/prepared
chmod 750 /run/prepared
for file in /run/secrets/*; do
  name=${file##*/}
  [ -s "$file" ] || { echo "secrets/$name.txt is empty" >&2; exit 1; }
  cat "$file" >"/run/prepared/.$name"
  chgrp $readers "/run/prepared/.$name"
  chmod 440 "/run/prepared/.$name"
  mv "/run/prepared/.$name" "/run/prepared/$name" # whole or not at all
done
