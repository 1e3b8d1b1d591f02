# Defines the start of every call of the holder: it is the heartbeat for the keeper, and replaces a keeper that was killed.
# If the lease is over, it only reports how it ended.
enter() {
  echo 'korrigo-facts 1'
  is_ours token || lost
  touch -c "$lease/beat" "$lease/contact"
  keeper_lives && return
  exec 9>>"$lease/lock"
  ! flock -n 9 || start_keeper hold
  exec 9>&-
}
lost() {
  if find_outcome "$token"; then fact lost "$outcome"; else fact lost unfinished; fi
  exit 0
}
