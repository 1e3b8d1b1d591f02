# Waits until every container of a project is as planned: it runs the expected image, and is healthy, or exited with 0, or
# has no healthcheck and has not restarted for a while. After the time limit, reports what is wrong.
# Arguments: project seconds seconds-without-a-restart service=image...
set -u
project=$1 seconds=$2 settle=$3
shift 3
wanted=$(printf '%s\n' "$@")
uptime() {
  read -r now rest </proc/uptime
  now=${now%%.*}
}
# With .ID, and not .Id: for that docker reads the answer as bare JSON, where what has no healthcheck has no .State.Health.
look() { # one line for each container, but for those that run once: service, image, state, exit code, health, start, id
  ids=$(timeout -k 5 20 docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$project") || return
  # shellcheck disable=SC2086 # ids
  [ -z "$ids" ] || timeout -k 5 20 docker inspect --type container --format '{{if ne (index .Config.Labels "com.docker.compose.oneoff") "True"}}{{index .Config.Labels "com.docker.compose.service"}}	{{.Config.Image}}	{{.State.Status}}	{{.State.ExitCode}}	{{with .State.Health}}{{.Status}}{{else}}none{{end}}	{{.State.StartedAt}}	{{.ID}}{{end}}' $ids
}
judge() { # what is wrong, a line each
  { printf '%s\n' "$wanted" && printf '\n' && printf '%s\n' "$seen"; } | awk -F '\t' '
    $0 == "" { here = 1; next }
    !here { at = index($0, "="); image[substr($0, 1, at - 1)] = substr($0, at + 1); next }
    !($1 in image) { next }
    { there[$1] = 1 }
    image[$1] != "" && $2 != image[$1] { print $1 " is running " $2 ", expected " image[$1]; next }
    $3 == "exited" && $4 == 0 { next }
    $3 != "running" { print $1 " is " $3 " (exit code " $4 ")"; next }
    $5 != "healthy" && $5 != "none" { print $1 " is " $5 }
    END { for (service in image) if (!there[service]) print service " has no container" }'
}
uptime
end=$((now + seconds)) before='' since=$now wrong=''
while :; do
  if seen=$(look 2>&1); then wrong=$(judge); else wrong="docker: $seen"; fi
  uptime
  if [ -z "$wrong" ]; then
    [ "$seen" = "$before" ] || since=$now
    case $seen in
      *"	none	"*) [ $((now - since)) -lt "$settle" ] || exit 0 ;;
      *) exit 0 ;;
    esac
  fi
  before=$seen
  if [ "$now" -ge "$end" ]; then
    printf '%s\n' "after $seconds s: ${wrong:-some were restarted just now}" >&2
    exit 1
  fi
  sleep 1
done
