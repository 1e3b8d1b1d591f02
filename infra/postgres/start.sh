#!/bin/sh
# The database's entrypoint: starts PostgreSQL as its image does, and gives the roles what they are to have as soon as it
# answers. At each start, so a database of an older release is taken over and a changed password takes effect. The
# healthcheck waits for it.
set -eu

rm -f /tmp/roles-are-set
roles() {
  # By TCP: while it initialises itself, a new database answers on its socket only.
  until pg_isready --quiet --host 127.0.0.1 --username "$POSTGRES_USER"; do sleep 0.2; done
  sh /etc/postgresql/roles.sh || echo "roles: NOT set, see above; again: docker compose exec db sh /etc/postgresql/roles.sh" >&2
}
# Twice in the background: a child of PostgreSQL that fails would be taken for a crash of its own.
(roles &)
exec docker-entrypoint.sh "$@"
