#!/bin/sh
# Can Docker mount HOST_ROOT for the node exporter? It mounts / only if that is a shared mount, which it is under
# systemd but often not on a server that is itself a container (LXC). If it is not, this says what to do and fails.
set -eu

mounts=${MOUNTINFO:-/host/proc/1/mountinfo}

# A folder that does not contain Docker's own folder can be mounted privately; then nothing has to be shared.
case $HOST_ROOT_PROPAGATION in rprivate | private) exit 0 ;; esac

# The folder is on the mount with the longest path above it. The fields of that line from the seventh up to the `-` say
# whether it is shared. In the file, a space in a path is \040.
path=$(printf %s "$HOST_ROOT" | sed 's/ /\\040/g') awk '
  BEGIN { path = ENVIRON["path"]; wanted = ENVIRON["HOST_ROOT_PROPAGATION"] }
  { mount = $5 }
  mount == "/" || mount == path || index(path "/", mount "/") == 1 {
    if (length(mount) < length(best)) next
    best = mount
    is_shared = 0
    for (i = 7; $i != "-"; i++) if ($i ~ /^shared:/ || ($i ~ /^master:/ && wanted ~ /slave/)) is_shared = 1
  }
  END { exit !is_shared }
' "$mounts" && exit 0

cat >&2 <<EOF
Docker cannot mount $HOST_ROOT for the node exporter: it is not on a shared mount. Either make it one, now and at each
boot (a line in /etc/rc.local, or a systemd unit):
  mount --make-rshared /
or let the node exporter see one disk only: set any folder on that disk in infra/docker/.env:
  HOST_ROOT=/srv
  HOST_ROOT_PROPAGATION=rprivate
Then start the monitoring again. The site runs whether or not you fix this.
EOF
exit 1
