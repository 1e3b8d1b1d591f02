# Defines arm(): puts the undo in place before anything is changed. From now on, a lease that ends without a confirmation is
# undone.
# stdin: a line for the history after a successful undo, one after a failed undo, and the undo itself, a program for sh.
arm() { # Arguments: bytes-of-stdin limit-of-the-undo-in-seconds
  fresh=$lease/arming.$$
  why=$(mkdir "$fresh" 2>&1 && { cat >"$fresh/all"; } 2>&1)
  code=$?
  is_ours token || lost
  [ "$code" -eq 0 ] || fail "$why"
  if [ "$(wc -c <"$fresh/all")" -ne "$1" ]; then
    rm -rf "$fresh"
    fail 'the connection ended too early'
  fi
  set -e
  sed -n 1p "$fresh/all" >"$fresh/rolled-back"
  sed -n 2p "$fresh/all" >"$fresh/rollback-failed"
  sed 1,2d "$fresh/all" >"$fresh/undo.sh"
  # BusyBox's own sed does not report a full disk.
  [ "$(cat "$fresh/rolled-back" "$fresh/rollback-failed" "$fresh/undo.sh" | wc -c)" -eq "$1" ] || fail 'no space left on device'
  printf '%s\n' "$2" >"$fresh/limit"
  : >"$fresh/lock"
  # Space for the undo, in case the disk is full by then.
  { fallocate -l 16777216 "$fresh/reserve" || head -c 16777216 /dev/zero >"$fresh/reserve"; } 2>/dev/null ||
    rm -f "$fresh/reserve"
  rm "$fresh/all"
  flush "$fresh"/*
  rm -rf "$lease/confirmed"
  if [ -e "$lease/armed" ]; then
    for entry in rolled-back rollback-failed limit undo.sh; do mv "$fresh/$entry" "$lease/armed/$entry"; done
    rm -rf "$fresh"
  else
    mv -T "$fresh" "$lease/armed"
  fi
  flush "$lease" "$lease/armed"
  # It may have ended just now, without noticing what is armed.
  if ! is_ours token; then
    ! mv -T "$lease/armed" "$fresh" 2>/dev/null || rm -rf "$fresh"
    lost
  fi
  fact lease armed
}
