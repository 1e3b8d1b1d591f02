# Ends a lease that nobody holds any more, or follows the end of one that is ending: what its undo prints, and what came of
# it. Arguments: root token-if-known offset-in-the-log seconds-to-wait try-again: yes|no
# With yes, an undo that failed for good is tried again.
echo 'korrigo-facts 1'
root=$1 token=$2 offset=$3 seconds=$4 again=$5 lease=$1/lease
if [ ! -e "$lease/lock" ]; then
  fact lease free
  exit 0
fi
exec 9>>"$lease/lock"
if flock -n 9; then
  if [ "$again" = yes ] && [ -e "$lease/failed" ] && ! is_open; then
    note "$lease/left" "again-$$"
    mv -T "$lease/failed" "$lease/undoing"
  fi
  if is_open; then
    mv "$lease/token" "$lease/left" 2>/dev/null
    start_keeper heal
  fi
fi
exec 9>&-
tell_holder
[ -n "$token" ] || { read -r token <"$lease/left"; } 2>/dev/null || token=''
uptime
latest=$((now + seconds * 10))
while :; do
  size=$(wc -c 2>/dev/null <"$lease/undo.log") || size=0
  if [ "$size" -gt "$offset" ] || [ "$now" -ge "$latest" ]; then break; fi
  if [ -e "$lease/token" ] || ! is_open; then break; fi
  nap
  uptime
done
fact token "$token"
folder=$lease
[ "$size" -le $((offset + most)) ] || size=$((offset + most))
[ "$size" -le "$offset" ] || part undo.log "$offset" "$size"
if [ -n "$token" ] && find_outcome "$token"; then
  fact outcome "$outcome"
  fact lease over
elif [ -e "$lease/token" ]; then
  fact lease busy
elif is_open; then
  fact lease ending
else
  fact lease free
fi
