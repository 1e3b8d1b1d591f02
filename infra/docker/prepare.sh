#!/bin/sh
# Copies each secret file for the containers that may read it, and generates the secrets that no one has to know. Runs as
# root, without a network, before anything else starts, and exits (see docker-compose.common.yml).
#
# Every file has one group of readers, and a container is in the groups whose files it needs. A file in secrets/ replaces
# the generated secret of the same name.
#
# If a file cannot be used, it prints all problems at once and starts nothing. What an editor or another system adds (a
# final newline, CRLF, a byte order mark) is not part of a secret.
set -eu
umask 077

application=10001 database=10002 redis=10003 backups=10004 monitoring=10005 offsite=10006

main() {
  problems=$(check)
  [ -z "$problems" ] || { printf 'infra/docker/secrets:\n%s\n' "$problems" >&2; exit 1; }
  exposed
  # Readers can open files in it, but not list it.
  chmod 711 /run/prepared
  for file in /run/secrets/*.txt; do
    name=${file##*/} name=${name%.txt}
    cleaned "$name" <"$file" | prepare "$name"
  done
  for name in database_password db_owner_password db_backup_password db_monitor_password \
    redis_password redis_broker_password redis_cache_password redis_backup_password redis_monitor_password metrics_token; do
    [ -s "/run/prepared/$name" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' | prepare "$name"
  done
  for_prometheus
  for_postgresql
  for_redis
}

check() {
  [ -e /run/secrets/db_password.txt ] || echo '  db_password.txt is missing: openssl rand -base64 24 >infra/docker/secrets/db_password.txt'
  [ -e /run/secrets/secret_key.txt ] || echo '  secret_key.txt is missing: openssl rand -base64 48 >infra/docker/secrets/secret_key.txt'
  for file in /run/secrets/*.txt; do
    [ -e "$file" ] || continue
    name=${file##*/}
    if [ -d "$file" ]; then echo "  $name is a folder. Docker creates one if the file is missing: remove it, and write the file."
    elif ! cat "$file" >/dev/null 2>&1; then echo "  $name cannot be read, not even by root: is it on a network disk?"
    elif ! cleaned "${name%.txt}" <"$file" | grep -q '[^[:space:]]'; then echo "  $name is empty."
    elif is_one_line "${name%.txt}" && [ "$(cleaned "${name%.txt}" <"$file" | wc -l)" -gt 1 ]; then
      echo "  $name has several lines, but this secret must be one line."
    fi
  done
}

# Not a reason to keep the site down.
exposed() {
  case $(stat -c %a /run/secrets) in *[1357]) ;; *) return 0 ;; esac
  for file in /run/secrets/*.txt; do
    case $(stat -c %a "$file") in
      *[4567]) echo "warning: everyone on this server can read secrets/${file##*/}: chmod 700 infra/docker/secrets" >&2 ;;
    esac
  done
}

# An unknown secret could contain anything.
is_one_line() {
  case $1 in
    db_*password | redis_*password | offsite_password | grafana_password | secret_key | metrics_token) return 0 ;;
    *) return 1 ;;
  esac
}

# Removes Windows line ends and the byte order mark; for a one-line secret, blank lines too.
cleaned() {
  if is_one_line "$1"; then as_text | sed '/^[[:space:]]*$/d'
  else
    case $1 in
      offsite_* | alerts) as_text ;;
      *) cat ;;
    esac
  fi
}

as_text() { tr -d '\r' | sed "1s/^$(printf '\357\273\277')//"; }

# Unknown names belong to the application.
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

# With a token from the start, you can add the monitoring without restarting anything.
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

# The Redis users, each with its own keys and commands; these also apply inside the script that django-redis counts with
# (eval). In Redis's own container you are `default`, which can do everything.
for_redis() {
  {
    user default redis_password '~* &* +@all'
    user broker redis_broker_password '~celery* ~unacked* ~_kombu.* ~*.pidbox &* +@all -@admin -@dangerous +info'
    user cache redis_cache_password '~cache:* resetchannels +@all -@admin -@dangerous -@scripting -@pubsub -randomkey +eval'
    user backup redis_backup_password 'resetkeys resetchannels -@all +ping +info +sync +psync +replconf +config|get +shutdown'
    user monitor redis_monitor_password 'resetkeys resetchannels -@all +ping +info +config|get +slowlog +latency +select +client|setname'
  } | prepare redis_users
}

user() { echo "user $1 reset on #$(word "$2" | tr -d '\n' | sha256sum | cut -d ' ' -f 1) $3"; }

word() { tr -d '\r\n' <"/run/prepared/$1"; }

main
