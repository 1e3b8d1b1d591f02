#!/bin/sh
# The database's entrypoint: starts PostgreSQL as its image does, and gives the roles what they are to have as soon as it
# answers. At each start, so a database of an older release is taken over; the healthcheck waits for it. And whenever
# `prepare` has other passwords, so that a changed secret takes effect without a restart of the database.
set -eu

passwords=/run/prepared/database_passwords

rm -f /tmp/roles-are-set
roles() {
  # By TCP: while it initialises itself, a new database answers on its socket only.
  until pg_isready --quiet --host 127.0.0.1 --username "$POSTGRES_USER" --dbname postgres; do sleep 0.2; done
  seen=$(cksum <$passwords)
  sh /etc/postgresql/roles.sh || {
    echo "roles: NOT set, see above; trying again" >&2
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
# Twice in the background: a child of PostgreSQL that fails would be taken for a crash of its own.
(watch &)
exec docker-entrypoint.sh "$@"
