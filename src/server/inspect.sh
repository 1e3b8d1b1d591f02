# Reports this machine's time in seconds, and the containers of a project as they are now. For the named services, also which
# containers pass their healthcheck before Docker has noticed: Docker only runs it at its interval, which may be half a minute.
# Arguments: project [service...]
: "${tab:?}"
project=$1
shift
fact time "$(date +%s)"
all=$(containers "$project") || exit
[ -z "$all" ] || printf '%s\n' "$all" | sed "s/^/container$tab/"
case $#:$all in 0:*) exit 0 ;; *'"Status":"starting"'*) ;; *) exit 0 ;; esac

passes() ( # Whether the healthcheck of a container succeeds. Argument: id
  id=$1
  check=$(docker inspect --type container --format '{{if .Config.Shell}}0{{else}}{{len .Config.Healthcheck.Test}}{{end}}{{range .Config.Healthcheck.Test}}
{{.}}{{end}}' "$id" 2>/dev/null) || exit 1
  count=${check%%"$newline"*} check=${check#*"$newline"}
  kind=${check%%"$newline"*} check=${check#*"$newline"}
  case $count:$kind in
    2:CMD-SHELL) set -- /bin/sh -c "$check" ;;
    *:CMD)
      set -f
      IFS=$newline
      # shellcheck disable=SC2086 # a word a line
      set -- $check
      [ $# -eq $((count - 1)) ] || exit 1 # one of them has more lines, or is empty
      ;;
    *) exit 1 ;;
  esac
  timeout -k 1 4 docker exec "$id" "$@" </dev/null >/dev/null 2>&1
)

newline='
'
docker ps --no-trunc --filter "label=com.docker.compose.project=$project" --filter health=starting \
  --format '{{.ID}} {{.Label "com.docker.compose.service"}}' 2>/dev/null | {
  while read -r id service; do
    case " $* " in *" $service "*) (! passes "$id" || fact passes "$id") & ;; esac
  done
  wait
}
exit 0
