# Defines what the programs of a lease share. Its journal consists of plain files in <root>/lease, and changes by rename: that
# needs no disk space and is never seen half done.
#   lock        held with flock by the keeper: whatever ends the keeper, the kernel frees it
#   token       who holds the lease; becomes `left` when it is over
#   armed/      the undo of what is being changed; becomes confirmed/, or undoing/ and then undone/ or failed/
#   jobs/<id>/  a command that runs on its own: lock, pid, out, err, and `running`, which becomes code.<exit code>
#   outcomes/   <token>.<outcome> of the leases of the last day
#   beat        touched by every call; the keeper resets it to the time of `past`, so changes of the clock do not matter
set -u
mask=$(umask)
umask 077
fact() { printf '%s\t%s\n' "$1" "$2"; }
fail() {
  printf '%s\n' "$1" >&2
  exit 1
}

# Sets birth and sid of a living process; birth is in clock ticks since the machine booted.
look() {
  { IFS= read -r status <"/proc/$1/stat"; } 2>/dev/null || return 1
  # shellcheck disable=SC2086 # numbers and a letter
  set -- ${status##*) }
  case $1 in Z | X) return 1 ;; esac
  sid=$4 birth=${20}
}

# This boot: a container has the machine's, but its own first process.
read -r boot </proc/sys/kernel/random/boot_id
! look 1 || boot=$boot.$birth

# Writes a line to a file in one step. Arguments: file line
note() { { printf '%s\n' "$2" >"$1.new" && mv "$1.new" "$1"; } 2>/dev/null; }

# What is on the disk survives a power loss.
flush() { sync "$@" 2>/dev/null || sync; }

# Sets now: tenths of a second since the machine booted, independent of the clock.
uptime() {
  read -r now rest </proc/uptime
  rest=${now#*.}
  now=${now%%.*}${rest%?}
}

# Waits a moment. Not every sleep supports fractions.
nap() { sleep 0.1 9>&- 2>/dev/null || sleep 1 9>&-; }

keeper_lives() {
  { read -r pid was on <"$lease/keeper"; } 2>/dev/null || return 1
  [ "$on" = "$boot" ] && look "$pid" && [ "$birth" = "$was" ]
}

# Starts the keeper, which inherits the lock in descriptor 9. Arguments: hold|heal
start_keeper() {
  setsid sh "$lease/keeper.sh" "$1" "$root" </dev/null >/dev/null 2>&1 &
}

# Whether this call's lease is the current one. Arguments: token|left
is_ours() { { read -r held <"$lease/$1"; } 2>/dev/null && [ "$held" = "$token" ]; }

# Whether a lease has never been finished.
is_open() {
  for entry in token left armed confirmed undoing undone; do
    [ ! -e "$lease/$entry" ] || return 0
  done
  return 1
}

# Sets outcome of a finished lease, or fails. Arguments: token
find_outcome() {
  outcome=
  for entry in "$lease/outcomes/$1".*; do
    [ ! -e "$entry" ] || outcome=${entry##*.}
  done
  [ -n "$outcome" ]
}

# Reports who holds the lease, and what they are doing.
tell_holder() {
  cat "$lease/holder" "$lease/stage" 2>/dev/null
  if now=$(date +%s) && contact=$(stat -c %Y "$lease/contact" 2>/dev/null); then fact quiet $((now - contact)); fi
  [ ! -e "$lease/armed" ] || fact armed yes
  if [ -e "$lease/undoing" ] || { [ -e "$lease/left" ] && [ -e "$lease/armed" ] && [ ! -e "$lease/confirmed" ]; }; then
    fact ending yes
  fi
}

# Adds a line to the history, once. Arguments: file with the line, which may be missing
record() {
  [ -s "$1" ] || return 0
  (
    umask 022
    history=$root/history.jsonl
    exec 7>>"$history"
    flock 7
    ! grep -qxF -f "$1" "$history" || exit 0
    # A line that a full disk has truncated would swallow this one.
    [ ! -s "$history" ] || [ -z "$(tail -c 1 "$history")" ] || echo >&7
    cat "$1" >&7
  ) 9>&- 2>/dev/null
}
