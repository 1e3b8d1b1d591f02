# Defines end_job(): stops a job and everything it started, with TERM first, and KILL if that is not enough.
# Arguments: folder mark seconds-until-KILL
end_job() {
  { read -r job_pid job_birth job_boot <"$1/pid"; } 2>/dev/null && [ "$job_boot" = "$boot" ] || return 0
  uptime
  asked=' ' patience=$((now + $3 * 10))
  while members "$job_pid" "$job_birth" "$2"; [ "$first" = yes ] || [ -n "$pids" ]; do
    # What even KILL does not end hangs in the kernel.
    uptime
    [ "$now" -lt $((patience + 100)) ] || return 1
    for member in $pids; do
      if [ "$now" -ge "$patience" ]; then
        kill -KILL "$member" 2>/dev/null
      else
        case $asked in
          *" $member "*) ;;
          *) kill -TERM "$member" 2>/dev/null && asked="$asked$member " ;;
        esac
      fi
    done
    # It ends by itself once its command has ended.
    if [ -z "$pids" ] && [ "$now" -ge "$patience" ]; then kill -KILL "$job_pid" 2>/dev/null; fi
    nap
  done
}

# Sets pids, the processes in the session of a job, and first: whether its first process, which is not among them, is still
# there. Without it, a session with that number may belong to another process, unless our mark is in the environment.
members() { # Arguments: pid birth mark
  pids='' first=no
  if look "$1" && [ "$birth" = "$2" ]; then first=yes; fi
  for entry in /proc/[0-9]*; do
    if ! look "${entry#/proc/}" || [ "$sid" != "$1" ] || [ "$entry" = "/proc/$1" ]; then continue; fi
    if [ "$first" = yes ] || is_marked "$entry" "$3"; then pids="$pids ${entry#/proc/}"; fi
  done
}

is_marked() { # Arguments: folder-in-proc mark
  { tr '\0' '\n' <"$1/environ"; } 2>/dev/null | grep -qxF -e "KORRIGO_JOB=$2"
}
