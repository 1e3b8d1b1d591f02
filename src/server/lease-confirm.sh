# Defines confirm(): keeps what was changed and disarms the undo. stdin: a line for the history, or nothing.
confirm() { # Arguments: bytes-of-stdin
  line=$lease/line.$$
  rm -f "$lease/armed/reserve"
  (cat >"$line") 2>/dev/null # a process of its own, which finish() may end
  # If the line is incomplete, or the disk is full, the confirmation counts without it.
  [ "$(wc -c <"$line" 2>/dev/null)" -eq "$1" ] || rm -f "$line"
  # The keeper needs it if this is the last thing we do.
  [ ! -e "$line" ] || cp "$line" "$lease/armed/line" 2>/dev/null
  ! flush "$lease/armed" "$lease/armed/line" 2>/dev/null || true
  mv -T "$lease/armed" "$lease/confirmed" 2>/dev/null || [ -e "$lease/confirmed" ] || is_ours token || lost
  flush "$lease"
  if [ -e "$line" ] && record "$line"; then
    rm -f "$lease/confirmed/line"
  else
    fact unrecorded yes
  fi
  rm -f "$line"
  fact lease confirmed
}
