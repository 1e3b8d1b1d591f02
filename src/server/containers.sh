# Defines containers(): one JSON object a line for every container of a Compose project, without its environment.
containers() {
  ids=$(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$1") || return
  # shellcheck disable=SC2016 # Go templates
  [ -z "$ids" ] || printf '%s\n' "$ids" | xargs docker inspect --type container --format '{"id":{{json .Id}},"name":{{json .Name}},"image":{{json .Config.Image}},"labels":[{{json (index .Config.Labels "com.docker.compose.service")}},{{with index .Config.Labels "korrigo.config"}}{{json .}}{{else}}{{json (index .Config.Labels "com.docker.compose.config-hash")}}{{end}},{{json (index .Config.Labels "com.docker.compose.oneoff")}}],"restarts":{{.RestartCount}},"policy":{{json .HostConfig.RestartPolicy.Name}},"mounts":{{json .Mounts}},"networks":[{{range $name, $_ := .NetworkSettings.Networks}}{{json $name}},{{end}}""],"state":{{json .State}}}' ||
    # A container that ended between the two commands is no failure.
    true
}
