# Ends a lease that no one holds any more, or follows one that is already ending: prints the output of its undo and the
# outcome. Arguments: root token-if-known offset-in-the-log seconds-to-wait try-again: yes|no
# With yes, retries an undo that has failed for good.
echo 'korrigo-facts 1'
root=$1 token=$2 offset=$3 seconds=$4 again=$5 lease=$1/lease
if [ ! -e "$lease/lock" ]; then
  fact lease free
  exit 0
fi
# Finds the token of the lease that was open. Once it has ended, it is the one that ended last: an outcome is as old as its lease.
name() {
  if [ -n "$token" ] || [ "$found" = free ] || [ -e "$lease/token" ]; then return; fi
  { read -r token <"$lease/left"; } 2>/dev/null && return
  # shellcheck disable=SC2012 # hexadecimal digits
  token=$(ls -t "$lease/outcomes" 2>/dev/null | head -n 1)
  token=${token%.*}
}
log_size() { size=$(wc -c 2>/dev/null <"$lease/undo.log") || size=0; }

# A lease that is open now will have an outcome, whoever ends it and however soon.
found=free
! is_open || found=open
exec 9>>"$lease/lock"
if flock -n 9; then
  if [ "$again" = yes ] && [ -e "$lease/failed" ] && ! is_open; then
    uptime
    note "$lease/left" "again-$$-$now" || fail "no space left on device: free some, then try again"
    mv -T "$lease/failed" "$lease/undoing"
    found=open
  fi
  if is_open; then
    [ -r "$lease/keeper.sh" ] || fail "$lease/keeper.sh is missing: run the undo.sh below $lease by hand, if there is one, and remove $lease"
    mv "$lease/token" "$lease/left" 2>/dev/null
    name
    start_keeper heal
  fi
fi
exec 9>&-
name
tell_holder
uptime
latest=$((now + seconds * 10))
while :; do
  log_size
  if [ "$size" -gt "$offset" ] || [ "$now" -ge "$latest" ]; then break; fi
  if [ -e "$lease/token" ] || ! is_open; then break; fi
  nap
  uptime
done
name
# In this order: it may end between any two of these lines.
state=free
! is_open || state=ending
if [ -e "$lease/token" ]; then state=busy; fi
if [ -n "$token" ] && find_outcome "$token"; then state=over; fi
# Only now, so that it includes the last output.
log_size
if [ "$size" -gt $((offset + most)) ]; then size=$((offset + most)) state=ending; fi
fact token "$token"
folder=$lease
[ "$size" -le "$offset" ] || part undo.log "$offset" "$size"
[ "$state" != over ] || fact outcome "$outcome"
fact lease "$state"
