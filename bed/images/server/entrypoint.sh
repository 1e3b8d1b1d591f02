#!/bin/sh
# Starts the server: what the bed put into /bed (host key, authorized keys, registry CA), then dockerd, then sshd.
#   BED_DOCKER=running|stopped|missing    the engine runs, is installed but down, or is not there at all
#   BED_SSH_PORT=22
set -eu

main() {
  install -m 600 /bed/host_key /etc/ssh/ssh_host_ed25519_key
  ssh-keygen -y -f /etc/ssh/ssh_host_ed25519_key >/etc/ssh/ssh_host_ed25519_key.pub
  install -m 600 -o deploy -g deploy /bed/authorized_keys /home/deploy/.ssh/authorized_keys
  if [ -d /bed/certs.d ]; then mkdir -p /etc/docker && cp -r /bed/certs.d /etc/docker/; fi
  # systemd's default. A container's / is private, and Docker then refuses bind mounts that follow the host's.
  mount --make-rshared /
  # A mounted disk may have taken the place of /opt.
  chgrp deploy /opt && chmod 775 /opt
  case ${BED_DOCKER:-running} in
    running) start_docker ;;
    missing) rm -rf /usr/bin/docker /usr/sbin/dockerd /usr/libexec/docker ;;
  esac
  # For the runs of docker and compose: they end long before they would have to collect garbage.
  echo 'SetEnv GOGC=off' >/etc/ssh/sshd_config.d/20-bed.conf
  mkdir -p /run/sshd
  /usr/sbin/sshd -D -e -p "${BED_SSH_PORT:-22}" &
  trap stop TERM INT
  # wait returns at the first signal: again, until stop has exited.
  while true; do wait $! || sleep 0.1; done
}

start_docker() {
  rm -f /var/run/docker.pid /run/docker/containerd/containerd.pid # of before a restart
  nest_cgroups
  resolver=
  while read -r address; do resolver="$resolver --dns $address"; done </bed/resolvers
  # shellcheck disable=SC2086
  GOGC=400 dockerd --cgroup-parent "${BED_CGROUP:-/docker}" $resolver >/var/log/dockerd.log 2>&1 &
}

# On cgroup v2 with a namespace of our own, processes may only live in leaves (the docker:dind image does the same).
nest_cgroups() {
  [ -z "${BED_CGROUP:-}" ] && [ -f /sys/fs/cgroup/cgroup.controllers ] || return 0
  mkdir -p /sys/fs/cgroup/init
  xargs -rn1 </sys/fs/cgroup/cgroup.procs >/sys/fs/cgroup/init/cgroup.procs || true
  sed -e 's/ / +/g' -e 's/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control || true
}

stop() {
  if [ -s /var/run/docker.pid ]; then
    engine=$(cat /var/run/docker.pid)
    kill "$engine"
    while kill -0 "$engine" 2>/dev/null; do sleep 0.1; done
  fi
  exit 0
}

main
