# Shows who holds the lease of an application, if anyone. Changes nothing. Arguments: root
echo 'korrigo-facts 1'
root=$1 token='' lease=$1/lease
tell_holder
if [ -e "$lease/failed" ]; then fact undo-failed "$lease/failed/undo.sh"; fi
if ! is_open; then
  fact lease free
elif keeper_lives; then
  fact lease busy
else
  fact lease open
fi
