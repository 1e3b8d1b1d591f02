# Defines finish(): ends a lease, whatever state it is in. It may be interrupted anywhere and run again.
finish() {
  mv "$lease/token" "$lease/left" 2>/dev/null
  { read -r token <"$lease/left"; } 2>/dev/null || token=unknown
  for folder in "$lease"/jobs/*; do
    [ ! -e "$folder/pid" ] || end_job "$folder" "$token.${folder##*/}" 10
  done
  outcome=released
  mv -T "$lease/armed" "$lease/undoing" 2>/dev/null
  end_readers
  [ ! -e "$lease/undoing" ] || undo
  if [ -e "$lease/undone" ]; then
    outcome=rolled-back
    record "$lease/undone/line"
  elif [ -e "$lease/failed" ]; then
    outcome=rollback-failed
    record "$lease/failed/line"
  elif [ -e "$lease/confirmed" ]; then
    outcome=confirmed
    record "$lease/confirmed/line"
  fi
  forget_login
  rm -rf "$lease/jobs" "$lease"/arming.* "$lease"/line.*
  rm -f "$lease/holder" "$lease/stage" "$lease/keeper"
  mv "$lease/left" "$lease/outcomes/$token.$outcome" 2>/dev/null
  flush "$lease"
  # Last: if this is interrupted and run again without an outcome, the cause must still be known.
  rm -rf "$lease/undone" "$lease/confirmed"
}

# A connection that is cut for good in the middle of the input of a call would keep that call waiting for hours.
end_readers() {
  for file in "$lease"/arming.*/all "$lease"/line.* "$lease"/jobs/*/stdin.*; do
    [ -e "$file" ] || continue
    for entry in /proc/[0-9]*; do
      # shellcheck disable=SC3013 # dash, bash and BusyBox have it
      [ ! "$entry/fd/1" -ef "$file" ] || kill "${entry#/proc/}" 2>/dev/null
    done
  done
}

# Restores what was there before: up to three tries, within the limit.
undo() {
  rm -f "$lease/undoing/reserve"
  end_job "$lease/undoing" "$token.undoing" 10
  { read -r limit <"$lease/undoing/limit"; } 2>/dev/null || limit=900
  log=$lease/undo.log
  uptime
  deadline=$((now + limit * 10)) try=0 code=1
  while [ "$code" -ne 0 ] && [ "$try" -lt 3 ] && [ "$now" -lt "$deadline" ]; do
    [ "$try" -eq 0 ] || sleep 5 9>&-
    try=$((try + 1))
    await_docker
    try_undo
    uptime
  done
  if [ "$code" -eq 0 ]; then end=undone line=rolled-back; else end=failed line=rollback-failed; fi
  now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  { sed "s/\"time\":\"now\"/\"time\":\"$now\"/" "$lease/undoing/$line" >"$lease/undoing/line.new"; } 2>/dev/null &&
    mv "$lease/undoing/line.new" "$lease/undoing/line"
  flush "$lease/undoing"
  rm -rf "$lease/failed"
  mv -T "$lease/undoing" "$lease/$end"
  flush "$lease"
}

# Sets code. While the undo runs, it checks once a second whether the time limit has been reached.
try_undo() {
  rm -f "$lease/undoing"/code.* "$lease/undoing/pid"
  : >"$lease/undoing/running"
  { printf '%s\n' "--- $(date -u +%Y-%m-%dT%H:%M:%SZ) the server rolls back by itself" >>"$log"; } 2>/dev/null
  exec 8>>"$lease/undoing/lock"
  flock 8
  setsid sh "$lease/keeper.sh" job "$root" "$lease/undoing" '' "$token.undoing" "$mask" / \
    sh "$lease/keeper.sh" logged "$root" "$lease/undoing/undo.sh" "$log" </dev/null >/dev/null 2>&1 9>&- &
  exec 8>&-
  until timeout 1 flock -s "$lease/undoing/lock" true 9>&-; do
    uptime
    [ "$now" -lt "$deadline" ] || end_job "$lease/undoing" "$token.undoing" 10
  done
  code=1
  [ ! -e "$lease/undoing/code.0" ] || code=0
}

# Runs a program for sh and keeps its output; if the disk is full, the output is dropped, and the program does not fail for that.
logged() { # Arguments: file log
  code=$({ { sh "$1" 2>&1; echo $? >&3; } | { cat >>"$2" || cat >/dev/null; } 2>/dev/null; } 3>&1)
  exit "$code"
}

# After a boot, or when someone restarts it, the engine takes a while. If it stays down, the undo says what is wrong.
await_docker() {
  command -v docker >/dev/null || return 0
  uptime
  latest=$((now + 600))
  until timeout 10 docker version >/dev/null 2>&1 9>&-; do
    uptime
    [ "$now" -lt "$latest" ] || return 0
    sleep 2 9>&-
  done
}

# The registry's password of this deploy. Nothing else is ever removed by this name.
forget_login() {
  case $login in
    */.login-*/*) ;;
    */.login-?*) rm -rf -- "$login" ;;
  esac
}
