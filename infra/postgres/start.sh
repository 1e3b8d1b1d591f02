#!/bin/sh
# The database's entrypoint: starts PostgreSQL as its image does, and sets up the roles as soon as it answers. At every
# start, so that a database from an older release is converted; the healthcheck waits for it. And whenever `prepare` has
# written other passwords, so that a changed secret takes effect without restarting the database.
set -eu

passwords=/run/prepared/database_passwords

rm -f /tmp/roles-are-set
roles() {
  # Over TCP: while it initializes, a new database answers on its socket only.
  until pg_isready --quiet --host 127.0.0.1 --username "$POSTGRES_USER" --dbname postgres; do sleep 0.2; done
  seen=$(cksum <$passwords)
  sh /etc/postgresql/roles.sh || {
    echo "roles: NOT set, see above; retrying" >&2
    sleep 10
    seen=
  }
}
watch() {
  roles
  while sleep 2; do
    [ "$(cksum <$passwords)" = "$seen" ] || roles
  done
}
# Twice in the background: PostgreSQL would take a failing child for a crash of its own.
(watch &)
exec docker-entrypoint.sh "$@"
