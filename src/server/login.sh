# Logs in to a registry with the password on stdin, into a separate Docker configuration that starts as a copy of the
# user's: its other logins, plugins, contexts and builders stay usable. The copy has no credential helper for this registry
# (helpers.awk). A configuration that this user may not read counts as none. Arguments: directory registry username
set -eu
umask 077
own=$1 registry=$2 username=$3
theirs=${DOCKER_CONFIG:-$HOME/.docker}
# From a deploy that lost its connection.
find "$(dirname "$own")" -maxdepth 1 -name '.login-korrigo-*' -user "$(id -un)" -mmin +60 -exec rm -rf {} + 2>/dev/null || true
mkdir "$own"
for entry in "$theirs"/*; do
  case $entry in
    */config.json)
      [ -r "$entry" ] || continue
      case $registry in docker.io) key=https://index.docker.io/v1/ ;; *) key=$registry ;; esac
      if grep -q -e '"credsStore"' -e '"credHelpers"' "$entry"; then awk -v key="$key" "$AWK_HELPERS" "$entry" >"$own/config.json"
      else cp "$entry" "$own/config.json"; fi
      ;;
    *) [ ! -e "$entry" ] || ln -s "$entry" "$own/" ;;
  esac
done
if answer=$(docker --config "$own" login --username "$username" --password-stdin "$registry" 2>&1); then exit 0; fi
# Without what docker prints at every login.
printf '%s\n' "$answer" | grep -v -e '^WARNING! Your' -e '^Configure a credential' -e '^https://docs.docker.com/.*credential' >&2
exit 1
