# Defines what begins every call of the holder: it shows the keeper that they are there, and replaces one that somebody killed.
# Where the lease is over, it tells how it ended, and that is all.
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
