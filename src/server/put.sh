# Defines put(): puts a file at a path in one atomic step. It needs no disk space if both are on the same disk; otherwise
# the old file stays until the copy is complete. Arguments: file path
put() {
  rm -f "$2.korrigo-new"
  # It is there already, under both names: a rename would do nothing, or fail.
  [ "$(stat -c %d:%i "$1")" != "$(stat -c %d:%i "$2" 2>/dev/null)" ] || return 0
  if ! ln "$1" "$2.korrigo-new" 2>/dev/null && ! cp -Pp "$1" "$2.korrigo-new"; then
    rm -f "$2.korrigo-new"
    return 1
  fi
  mv -fT "$2.korrigo-new" "$2"
}
