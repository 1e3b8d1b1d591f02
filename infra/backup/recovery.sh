# shellcheck shell=bash disable=SC2034,SC2154
# Shared by restore and drill: the parts of a set, and recovering a separate database server to a point in time. Sourced.

identity=${AGE_IDENTITY_FILE:-/run/age-identity}

choose() {
  name=$1
  [ "$name" != latest ] || name=$(newest)
  [ -n "$name" ] || fail "${BACKUP_DIR:-$backups} contains no backup. If it is on its own disk, is that disk mounted?"
  set=$backups/$name
  [[ $name =~ ^[0-9]{8}-[0-9]{6}$ && -d $set ]] || fail "$backups has no set '$name'. Available: $(sets | xargs)"
}

has() { [ -f "$set/$1" ] || [ -f "$set/$1.age" ]; }

# Before decrypting anything: age runs at the head of a pipe, whose other end would complain as well.
need_key() {
  compgen -G "$set/*.age" >/dev/null || return 0
  [ -r "$identity" ] || fail "$set is encrypted: mount the age identity at $identity (run --volume <file>:$identity:ro)."
}

content() {
  if [ -f "$set/$1" ]; then cat "$set/$1"; return; fi
  age --decrypt --identity "$identity" "$set/$1.age"
}

# The newest set that was complete at that time (seconds since 1970, or `end`), and whose WAL is here.
choose_for() {
  local moment=$1 system first whole
  for name in $(sets | tac); do
    set=$backups/$name
    read -r system first whole 2>/dev/null <"$set/wal.txt" || continue
    [ -d "$backups/wal/$system" ] || continue
    if [ "$moment" = end ] || [ "$whole" -le "$moment" ]; then wal=$backups/wal/$system; return; fi
  done
  fail "no set reaches back to that time. The earliest possible: $(first_moment)"
}

first_moment() {
  local system first whole
  for name in $(sets); do
    read -r system first whole 2>/dev/null <"$backups/$name/wal.txt" || continue
    [ ! -d "$backups/wal/$system" ] || { date --date "@$whole" '+%F %T %Z'; return; }
  done
  echo none
}

# start_server MOMENT: starts a server from the set's files and the WAL up to then. Only we can reach it, through its socket.
# MOMENT is a time as PostgreSQL writes it, or `end` for everything.
start_server() {
  local moment=$1 data=$scratch/data
  rm -rf "${scratch:?}"/*
  mkdir -m 700 "$data"
  content cluster.tar.gz | tar --extract --gzip --directory="$data" || fail "$set/cluster.tar.gz cannot be unpacked."
  content cluster.manifest >"$scratch/manifest" || fail "$set/cluster.manifest cannot be read."
  pg_verifybackup --quiet --manifest-path="$scratch/manifest" "$data" || fail "$set/cluster.tar.gz does not match its manifest."
  : >"$data/postgresql.auto.conf"
  : >"$data/recovery.signal"
  echo 'local all all trust' >"$scratch/pg_hba.conf"
  cat >"$scratch/postgresql.conf" <<EOF
data_directory = '$data'
hba_file = '$scratch/pg_hba.conf'
ident_file = '$data/pg_ident.conf'
listen_addresses = ''
unix_socket_directories = '$scratch'
shared_buffers = 64MB
fsync = off
hot_standby = off
restore_command = 'cp "$wal/%f" "%p" 2>/dev/null || cp "$wal/%f.partial" "%p" 2>/dev/null'
recovery_target_action = promote
$([ "$moment" = end ] || echo "recovery_target_time = '$moment'")
EOF
  [ "$(id -u)" != 0 ] || chown -R 10001:10001 "$scratch"
  # pg_ctl would not wait for the end of a recovery without hot standby. PostgreSQL exits if it cannot get there.
  as_server postgres -D "$data" -c config_file="$scratch/postgresql.conf" >"$scratch/log" 2>&1 &
  until there pg_isready --quiet --dbname postgres; do
    kill -0 $! 2>/dev/null || explain
    sleep 0.2
  done
  say "started a separate server from $name, with the changes up to $(last_change)"
}

# PostgreSQL does not run as root.
as_server() {
  if [ "$(id -u)" = 0 ]; then setpriv --reuid 10001 --regid 10001 --clear-groups -- "$@"; else "$@"; fi
}

explain() {
  ! grep -q 'recovery ended before configured recovery target was reached' "$scratch/log" ||
    fail "the WAL ends before that time, at $(last_change). For all of it: --to end"
  tail -n 20 "$scratch/log" >&2
  fail "the database server could not be recovered to that time: see its log above."
}

last_change() { sed -n 's/.*last completed transaction was at log time \(.*\)/\1/p' "$scratch/log" | tail -n 1 | grep . || echo "the backup itself"; }

stop_server() {
  [ -e "$scratch/data/postmaster.pid" ] || return 0
  as_server pg_ctl stop --silent --wait --mode immediate --pgdata "$scratch/data" >/dev/null 2>&1 || true
}

# Runs a command as the superuser of that server, through its socket.
there() { PGHOST=$scratch PGUSER=${DB_ADMIN:-korrigo_admin} PGPASSWORD='' "$@"; }
