#!/usr/bin/env bash
# The official image's behaviour: an empty PGDATA is initialised from POSTGRES_* and /docker-entrypoint-initdb.d while
# only the unix socket listens; an existing one is left alone; root becomes postgres.
set -euo pipefail

main() {
  case ${1:-} in -*) set -- postgres "$@" ;; esac
  if [ "${1:-}" = postgres ]; then
    if [ "$(id -u)" = 0 ]; then
      mkdir -p "$PGDATA" && chmod 700 "$PGDATA" && chown -R postgres: "$PGDATA"
      exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
    fi
    if [ -s "$PGDATA/PG_VERSION" ]; then
      echo 'PostgreSQL Database directory appears to contain a database; Skipping initialization'
    else
      initialise "$@"
    fi
  fi
  exec "$@"
}

initialise() {
  local name
  for name in POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_INITDB_ARGS; do from_file $name; done
  : "${POSTGRES_USER:=postgres}" "${POSTGRES_DB:=$POSTGRES_USER}" "${POSTGRES_HOST_AUTH_METHOD:=scram-sha-256}"
  if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
    echo 'Error: Database is uninitialized and superuser password is not specified: set POSTGRES_PASSWORD.' >&2
    exit 1
  fi
  eval "initdb --username=\"\$POSTGRES_USER\" --pwfile=<(printf '%s\n' \"\$POSTGRES_PASSWORD\") $POSTGRES_INITDB_ARGS"
  printf '\nhost all all all %s\n' "$POSTGRES_HOST_AUTH_METHOD" >>"$PGDATA/pg_hba.conf"
  export PGPASSWORD=$POSTGRES_PASSWORD
  pg_ctl start --wait -o "$(printf '%q ' "${@:2}" -c listen_addresses=)"
  if [ "$POSTGRES_DB" != postgres ]; then
    psql --no-psqlrc --username "$POSTGRES_USER" --dbname postgres -v ON_ERROR_STOP=1 -v db="$POSTGRES_DB" \
      <<<'CREATE DATABASE :"db";'
  fi
  run_init_files
  pg_ctl stop --mode fast --wait
  unset PGPASSWORD
  echo 'PostgreSQL init process complete; ready for start up.'
}

from_file() {
  local file=$1_FILE
  if [ -n "${!file:-}" ]; then printf -v "$1" %s "$(<"${!file}")"; fi
  printf -v "$1" %s "${!1:-}"
}

run_init_files() {
  local sql=(psql --no-psqlrc -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB") file
  for file in /docker-entrypoint-initdb.d/*; do
    # shellcheck source=/dev/null
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) "${sql[@]}" --file "$file" ;;
      *.sql.gz) gunzip -c "$file" | "${sql[@]}" ;;
      *.sql.xz) xz -dc "$file" | "${sql[@]}" ;;
    esac
  done
}

main "$@"
