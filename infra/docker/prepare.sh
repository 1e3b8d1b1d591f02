#!/bin/sh
# Copies the secret files for those who are to read them, and makes up those that nobody has to know. Runs as root,
# without a network, before anything else starts, and ends (see docker-compose.common.yml).
#
# A file has one group of readers, and a container is in the groups whose files it needs. What lies in secrets/ under the
# name of one that is made up takes its place.
set -eu
umask 077

application=10001 database=10002 redis=10003 backups=10004 monitoring=10005 offsite=10006

main() {
  # To be passed through by every reader, and listed by none.
  chmod 711 /run/prepared
  for file in /run/secrets/*.txt; do
    name=${file##*/}
    [ -s "$file" ] || { echo "secrets/$name is missing or empty" >&2; exit 1; }
    prepare "${name%.txt}" <"$file"
  done
  for name in database_password db_owner_password db_backup_password db_monitor_password \
    redis_password redis_broker_password redis_cache_password redis_backup_password redis_monitor_password metrics_token; do
    [ -s "/run/prepared/$name" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' | prepare "$name"
  done
  for_prometheus
  for_postgresql
  for_redis
}

# Names that nobody knows are the application's.
readers_of() {
  case $1 in
    database_*) echo $database ;;
    redis_password | redis_users) echo $redis ;;
    db_backup_password | redis_backup_password) echo $backups ;;
    offsite_*) echo $offsite ;;
    db_monitor_password | redis_monitor_* | prometheus_token | alert* | grafana_*) echo $monitoring ;;
    *) echo $application ;;
  esac
}

prepare() {
  cat >"/run/prepared/.$1"
  chgrp "$(readers_of "$1")" "/run/prepared/.$1"
  chmod 440 "/run/prepared/.$1"
  mv "/run/prepared/.$1" "/run/prepared/$1" # whole or not at all
}

# With a token from the start the monitoring can be added without restarting anything.
for_prometheus() {
  word metrics_token | prepare prometheus_token
  printf '{"redis://monitor@redis:6379": "%s"}' "$(word redis_monitor_password)" | prepare redis_monitor_passwords
}

# In psql's own notation, for postgres/roles.sql.
for_postgresql() {
  for role in user owner backup monitor; do
    name=db_${role}_password
    [ $role != user ] || name=db_password
    printf "\\\\set %s_password '%s'\n" $role "$(word $name | sed "s/\\\\/\\\\\\\\/g; s/'/''/g")"
  done | prepare database_passwords
}

# The users of Redis: each with its own keys and commands. Whoever is in Redis's container is `default`, who may do all.
for_redis() {
  {
    user default redis_password '~* &* +@all'
    user broker redis_broker_password '~celery* ~unacked* ~_kombu.* ~*.pidbox &* +@all -@admin -@dangerous +info'
    user cache redis_cache_password '~cache:* resetchannels +@all -@admin -@dangerous -@scripting -@pubsub -randomkey'
    user backup redis_backup_password 'resetkeys resetchannels -@all +ping +info +sync +psync +replconf +config|get +shutdown'
    user monitor redis_monitor_password 'resetkeys resetchannels -@all +ping +info +config|get +slowlog +latency +select +client|setname'
  } | prepare redis_users
}

user() { echo "user $1 reset on #$(word "$2" | tr -d '\n' | sha256sum | cut -d ' ' -f 1) $3"; }

word() { tr -d '\r\n' <"/run/prepared/$1"; }

main
