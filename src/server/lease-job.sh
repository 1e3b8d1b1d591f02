# Defines job(): runs a command in its own session, and records how it ended. Started by setsid, with the lock of its
# folder in descriptor 8, which is free as soon as this ends; the command does not inherit it.
# Arguments: folder guard-file mark umask working-directory command...
job() {
  folder=$1 guard=$2 jobs_mask=$4 where=$5
  # The command has the mark in its environment: a process id alone may have been reused.
  export KORRIGO_JOB="$3"
  shift 5
  # A signal to the group ends the command; its exit still has to be recorded.
  trap : HUP INT TERM
  look $$
  # Nothing may start that could not be ended. An undo starts even if the disk is full.
  note "$folder/pid" "$$ $birth $boot" || [ -z "$guard" ] || exit 1
  # Whoever ends the lease first removes the guard, and then looks for jobs.
  [ -z "$guard" ] || [ -e "$guard" ] || exit 1
  if [ -e "$folder/stdin" ]; then
    exec 3<"$folder/stdin"
    rm -f "$folder/stdin"
  else
    exec 3</dev/null
  fi
  (
    umask "$jobs_mask"
    [ -z "$where" ] || cd -- "$where" || exit
    exec env "$@"
  ) <&3 >>"$folder/out" 2>>"$folder/err" 3<&- 8>&- 9>&-
  mv "$folder/running" "$folder/code.$?"
}
