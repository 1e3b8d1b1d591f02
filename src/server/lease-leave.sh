# The holder leaves: what is armed is undone, and the lease is freed. Waits for that for a while. Arguments: root token seconds-to-wait
echo 'korrigo-facts 1'
root=$1 token=$2 seconds=$3 lease=$1/lease
if is_ours token; then
  mv "$lease/token" "$lease/left"
fi
if is_ours left; then
  if keeper_lives; then
    kill -USR1 "$pid" 2>/dev/null
  else
    exec 9>>"$lease/lock"
    ! flock -n 9 || start_keeper heal
    exec 9>&-
  fi
fi
elapsed=0
until find_outcome "$token" || ! is_ours left || [ "$elapsed" -ge $((seconds * 10)) ]; do nap; done
if find_outcome "$token"; then
  fact lost "$outcome"
else
  fact lost unfinished
fi
