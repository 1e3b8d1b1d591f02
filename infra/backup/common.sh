# shellcheck shell=bash disable=SC2034
# Shared by the programs in this folder: settings with their defaults, and output functions. Sourced.

backups=${BACKUPS:-/backups}
media=${MEDIA:-/media}
certificates=${CERTIFICATES:-/letsencrypt}
scratch=${SCRATCH:-/scratch}
metrics=${METRICS:-/metrics}
export PGHOST=${DB_HOST:-db} PGPORT=${DB_PORT:-5432} PGUSER=${DB_USER:-korrigo_user} PGCONNECT_TIMEOUT=10 PGOPTIONS=--client-min-messages=warning
database=${DB_NAME:-korrigo_db}
redis_host=${REDIS_HOST:-redis} redis_port=${REDIS_PORT:-6379}

# A password is a variable or the path of a secret file. Empty means not set. The file is missing on a server whose release
# is older than the roles, see before_roles.
if [ -r "${DB_PASSWORD_FILE:-}" ]; then DB_PASSWORD=$(<"$DB_PASSWORD_FILE"); fi
if [ -n "${DB_PASSWORD:-}" ]; then export PGPASSWORD=$DB_PASSWORD; fi
if [ -r "${REDIS_PASSWORD_FILE:-}" ]; then REDIS_PASSWORD=$(<"$REDIS_PASSWORD_FILE"); fi
if [ -n "${REDIS_PASSWORD:-}" ]; then export REDISCLI_AUTH=$REDIS_PASSWORD; fi
redis_user=${REDIS_USER:-default} has_roles=yes

say() { echo "${0##*/}: $*"; }
fail() {
  echo "${0##*/}: FAILED: $*" >&2
  exit 1
}

# A container does not see a disk that was mounted after it started: hence the restart.
writable() {
  local folder=${BACKUP_DIR:-$backups}
  [ -w "$backups" ] || fail "$folder is not writable for user $(id -u). A new folder: sudo install -d -m 700 -o $(id -u) -g $(id -g) $folder." \
    "If it is on its own disk: mount it, then docker compose restart backup-timer wal-receiver."
}

sql() { psql --no-password --no-psqlrc --quiet --no-align --tuples-only -v ON_ERROR_STOP=1 --dbname "${2:-$database}" --command "$1"; }

# Identifies this database server: its WAL does not fit any other.
system_identifier() { sql 'SELECT system_identifier FROM pg_control_system()' postgres; }

# redis-cli exits with 0 even if Redis returns an error; -e makes that a 1.
redis() { redis-cli -e --no-auth-warning -h "$redis_host" -p "$redis_port" ${REDISCLI_AUTH:+--user "$redis_user"} "$@"; }

# Before the deploy that introduces roles and passwords, the backup finds a database and a Redis without them, so it logs in
# as it did before.
before_roles() {
  local old=/run/prepared/db_password
  [ ! -e "${DB_PASSWORD_FILE:-}" ] && [ -r "$old" ] || return 0
  say "the database is from an older release: logging in as korrigo_user"
  PGUSER=korrigo_user PGPASSWORD=$(<"$old") has_roles=no
  export PGUSER PGPASSWORD
  unset REDISCLI_AUTH
}

# The names of the finished sets, oldest first. A set that is being written has a different kind of name.
sets() { find "$backups" -mindepth 1 -maxdepth 1 -type d -regextype egrep -regex '.*/[0-9]{8}-[0-9]{6}' -printf '%f\n' | sort; }

# The newest set that is not from the future: with a wrong clock, a set may have got a name that stays the newest for years.
# If all of them are from the future, the clock is wrong now.
newest() {
  local limit past
  limit=$(date --utc --date '+1 hour' +%Y%m%d-%H%M%S)
  past=$(sets | awk -v limit="$limit" '$0 <= limit')
  if [ -n "$past" ]; then tail -n 1 <<<"$past"; else sets | tail -n 1; fi
}

# Seconds since a time (empty: never). A time in the future is ignored.
since() { local now; now=$(date +%s); if [ "${1:-0}" -gt $((now + 3600)) ]; then echo "$now"; else echo $((now - ${1:-0})); fi; }

# The time in a set's name, in seconds since 1970.
time_of() { date --utc --date "${1:0:4}-${1:4:2}-${1:6:2} ${1:9:2}:${1:11:2}:${1:13:2}" +%s; }

# One at a time, restores included, across containers. The kernel holds the lock, so it does not outlive its holder.
lock() {
  exec 9>>"$backups/.lock" || fail "$backups/.lock cannot be written by user $(id -u)."
  # On a new server, a restore creates it first, as root; the next backup does not run as root.
  [ "$(id -u)" != 0 ] || chown --reference="$backups" "$backups/.lock"
  flock --nonblock 9 && return
  say "another backup or restore is running: waiting up to ${BACKUP_LOCK_TIMEOUT:-600} s"
  flock --timeout "${BACKUP_LOCK_TIMEOUT:-600}" 9 ||
    fail "another backup or restore has been running for ${BACKUP_LOCK_TIMEOUT:-600} s; this one did not start."
}

size_of() { numfmt --to=iec --suffix=B "$(du --bytes --summarize "$1" | cut -f 1)"; }

# figures FILE: writes stdin to a file for the node exporter's textfile collector, atomically.
figures() {
  if [ ! -d "$metrics" ]; then cat >/dev/null; return; fi
  cat >"$metrics/$1.part" && chmod 644 "$metrics/$1.part" && mv "$metrics/$1.part" "$metrics/$1"
}

gauge() { printf '# HELP %s %s\n# TYPE %s gauge\n%s %s\n' "$1" "$3" "$1" "$1" "$2"; }
