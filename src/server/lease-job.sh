# Defines job(): runs a command in a session of its own, and notes how it ended. Started by setsid, with the lock of its
# folder in descriptor 8, which is free as soon as this ends; the command does not inherit it.
# Arguments: folder guard-file mark umask working-directory command...
job() {
  folder=$1 guard=$2 jobs_mask=$4 where=$5
  # The command has it in its environment: a process id alone may be another one's by now.
  export KORRIGO_JOB="$3"
  shift 5
  # A signal to the group ends the command; how it ended is still to be noted.
  trap : HUP INT TERM
  look $$
  # Nothing is started that nobody could end. An undo is, whatever the disk says.
  note "$folder/pid" "$$ $birth $boot" || [ -z "$guard" ] || exit 1
  # Who ends the lease takes the guard away first, and looks for jobs then.
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
