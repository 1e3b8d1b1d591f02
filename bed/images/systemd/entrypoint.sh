#!/bin/sh
# What the bed put into /bed (host key, authorized keys, registry CA), then systemd. Where the machine's cgroups are those of
# version 1, a hierarchy of version 2 is beside them: systemd gets a part of it for itself, without limits.
set -eu

install -m 600 /bed/host_key /etc/ssh/ssh_host_ed25519_key
ssh-keygen -y -f /etc/ssh/ssh_host_ed25519_key >/etc/ssh/ssh_host_ed25519_key.pub
install -m 600 -o deploy -g deploy /bed/authorized_keys /home/deploy/.ssh/authorized_keys
if [ -d /bed/certs.d ]; then mkdir -p /etc/docker && cp -r /bed/certs.d /etc/docker/; fi

mkdir -p /run/cgroup
mount -t cgroup2 cgroup2 /run/cgroup
mkdir -p "/run/cgroup/$BED_PART"
echo $$ >"/run/cgroup/$BED_PART/cgroup.procs"
umount /run/cgroup
# shellcheck disable=SC2016 # for the inner shell
exec unshare --cgroup --mount --propagation unchanged sh -euc '
  umount -R /sys/fs/cgroup 2>/dev/null || true
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mount --make-rshared /
  exec /lib/systemd/systemd
'
