# The holder leaves: what is armed is undone, and the lease is released. Waits for that for a while. Arguments: root token
# seconds-to-wait
echo 'korrigo-facts 1'
root=$1 token=$2 seconds=$3 lease=$1/lease
! is_ours token || mv "$lease/token" "$lease/left"
! is_ours left || ! keeper_lives || kill -USR1 "$pid" 2>/dev/null
uptime
latest=$((now + seconds * 10))
while ! find_outcome "$token" && is_ours left; do
  if ! keeper_lives; then
    exec 9>>"$lease/lock"
    ! flock -n 9 || start_keeper heal
    exec 9>&-
  fi
  uptime
  [ "$now" -lt "$latest" ] || break
  sleep 0.03 9>&- 2>/dev/null || nap # it is usually done at once
done
if find_outcome "$token"; then
  fact lost "$outcome"
else
  fact lost unfinished
fi
