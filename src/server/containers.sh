# Defines containers(): one JSON object per line for every container of a Compose project, without its environment. One that
# disappears after it was listed is not a failure. If there is no answer about one that still exists, it fails.
containers() {
  set -- docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$1"
  ids=$("$@") || return
  [ -n "$ids" ] || return 0
  # shellcheck disable=SC2016 # Go templates
  rows=$(printf '%s\n' "$ids" | xargs docker inspect --type container --format '{"id":{{json .Id}},"name":{{json .Name}},"image":{{json .Config.Image}},"labels":[{{json (index .Config.Labels "com.docker.compose.service")}},{{with index .Config.Labels "korrigo.config"}}{{json .}}{{else}}{{json (index .Config.Labels "com.docker.compose.config-hash")}}{{end}},{{json (index .Config.Labels "com.docker.compose.oneoff")}}],"restarts":{{.RestartCount}},"publishes":{{len .HostConfig.PortBindings}},"policy":{{json .HostConfig.RestartPolicy.Name}},"mounts":{{json .Mounts}},"networks":[{{range $name, $_ := .NetworkSettings.Networks}}{{json $name}},{{end}}""],"networkIds":[{{range .NetworkSettings.Networks}}{{json .NetworkID}},{{end}}""],"state":{{json .State}}}') || {
    there=$("$@") || return
    for id in $ids; do
      case $rows in *"\"id\":\"$id\""*) continue ;; esac
      case $there in *"$id"*) return 1 ;; esac
    done
  }
  [ -z "$rows" ] || printf '%s\n' "$rows"
}
