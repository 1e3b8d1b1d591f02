# Takes the lease and starts its keeper, or reports who holds it. stdin: the program of the keeper.
# Arguments: root token bytes-of-stdin seconds-to-wait grace login actor run command release
echo 'korrigo-facts 1'
root=$1 token=$2 bytes=$3 seconds=$4 grace=$5 login=$6
lease=$root/lease
missing=
for program in flock setsid timeout base64 tail head stat sync; do
  command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
if [ -n "$missing" ]; then
  fact missing "${missing# }"
  exit 0
fi
keeper=$(timeout 60 cat) # a connection that is cut for good would keep it waiting for hours
[ "${#keeper}" -eq "$bytes" ] || fail 'the connection ended too early'
why=$( (umask 022 && mkdir -p "$root") 2>&1 && mkdir -p "$lease" 2>&1 && { : >>"$lease/lock"; } 2>&1) || fail "$why"
end() { # Arguments: what came of it
  fact lease "$1"
  exit 0
}
exec 9>>"$lease/lock"
if ! flock -n 9; then
  ! is_ours token || end taken
  if [ "$seconds" -eq 0 ] || ! timeout "$seconds" flock 9; then
    tell_holder
    end busy
  fi
fi
if is_ours token; then
  start_keeper hold
  end taken
fi
if is_open; then
  tell_holder
  end open
fi
put() { # Arguments: file. A shell's own printf does not say that the disk is full.
  why=$(cat 2>&1 >"$1.new") && mv "$1.new" "$1" && return
  rm -f "$1.new"
  fail "$why"
}
set -e
rm -rf "$lease/jobs" "$lease/failed" "$lease/undo.log"
mkdir -p "$lease/jobs" "$lease/outcomes"
find "$lease/outcomes" -type f -mtime +1 -exec rm -f {} +
printf '%s\n' "$keeper" | put "$lease/keeper.sh"
{
  fact actor "$7"
  fact run "$8"
  fact command "$9"
  fact release "${10}"
  fact since "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
} | put "$lease/holder"
printf '%s\n' "$grace" "$login" "$mask" | put "$lease/terms"
# What an undo needs when no one is logged in: after a boot.
printf '%s\n' "$PATH" "${DOCKER_HOST:-}" "${XDG_RUNTIME_DIR:-}" | put "$lease/surroundings"
fact stage begin | put "$lease/stage"
: >"$lease/contact"
TZ=UTC0 touch -t 197001010000 "$lease/past" "$lease/beat"
printf '%s\n' "$token" | put "$lease/token"
start_keeper hold
end taken
