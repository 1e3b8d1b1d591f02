#!/bin/sh
# Gives each role the privileges it needs and no more, and sets the passwords from the secret files. Runs at each start
# of the database, and by hand after a secret has changed:  docker compose exec db sh /etc/postgresql/roles.sh
#
#   korrigo_admin     superuser; from inside this container only, without a password
#   korrigo_owner     owns the database and its tables: migrations, restores
#   korrigo_user      the application: reads and writes rows
#   korrigo_backup    reads everything, and the write-ahead log
#   korrigo_monitor   reads statistics
set -eu

main() {
  take_over
  psql --dbname postgres --file /etc/postgresql/roles.sql
  psql --dbname "$POSTGRES_DB" --file /etc/postgresql/objects.sql
  psql --dbname "$POSTGRES_DB" --command "SET ROLE $DB_OWNER" --file /etc/postgresql/grants.sql
  : >/tmp/roles-are-set
  echo "roles: set"
}

# In a database from an older release, the application's role is the superuser that owns the system. It is renamed to the
# administrator, and the application gets a new role. A role cannot rename itself, so a third one does it.
take_over() {
  [ -z "$(ask "$POSTGRES_USER" "SELECT" 2>&1)" ] && return
  echo "roles: $DB_USER is the superuser of this database: it becomes $POSTGRES_USER, and the application gets a role without superuser rights"
  ask "$DB_USER" "DROP ROLE IF EXISTS korrigo_renaming; CREATE ROLE korrigo_renaming SUPERUSER LOGIN"
  ask korrigo_renaming "ALTER ROLE $DB_USER RENAME TO $POSTGRES_USER"
  # Existing sessions are still the superuser's: end them, so that they log in again.
  ask "$POSTGRES_USER" "DROP ROLE korrigo_renaming; SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE usesysid = 10 AND pid <> pg_backend_pid() AND client_addr <> '127.0.0.1'" >/dev/null
}

ask() { command psql --no-psqlrc --quiet --no-align --tuples-only -v ON_ERROR_STOP=1 --host 127.0.0.1 --username "$1" --dbname postgres --command "$2"; }

psql() {
  command psql --no-psqlrc --quiet --no-align --tuples-only -v ON_ERROR_STOP=1 --host 127.0.0.1 --username "$POSTGRES_USER" \
    -v database="$POSTGRES_DB" -v owner="$DB_OWNER" -v user="$DB_USER" -v backup="$DB_BACKUP" -v monitor="$DB_MONITOR" \
    -v admin="$POSTGRES_USER" "$@"
}

main
