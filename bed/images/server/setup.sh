#!/bin/sh
# Makes a bare Debian or Ubuntu server ready for deploys: OpenSSH, Docker Engine, Compose v2, and a user "deploy" that
# logs in by key only. Run it as root; it can be run again. The public key is the first argument, or added later to
# /home/deploy/.ssh/authorized_keys.
set -eu

export DEBIAN_FRONTEND=noninteractive
apt-get update
# The same everywhere but for the names of two packages.
exists() { apt-cache show "$1" >/dev/null 2>&1; }
compose=docker-compose # version 2 on Debian 13, version 1 on Ubuntu
if exists docker-compose-v2; then compose=docker-compose-v2; fi
cli= # part of docker.io on Ubuntu
if exists docker-cli; then cli=docker-cli; fi
apt-get install -y --no-install-recommends openssh-server docker.io $cli "$compose" iptables ca-certificates curl

id deploy >/dev/null 2>&1 || useradd --create-home --shell /bin/bash deploy
usermod --append --groups docker deploy
install -d -m 700 -o deploy -g deploy /home/deploy/.ssh
touch /home/deploy/.ssh/authorized_keys
if [ -n "${1:-}" ] && ! grep -qxF "$1" /home/deploy/.ssh/authorized_keys; then
  echo "$1" >>/home/deploy/.ssh/authorized_keys
fi
chown deploy:deploy /home/deploy/.ssh/authorized_keys
chmod 600 /home/deploy/.ssh/authorized_keys

# Projects live in /opt/<project>, made by the first deploy.
install -d -m 775 -o root -g deploy /opt

printf 'PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin no\n' \
  >/etc/ssh/sshd_config.d/10-deploy.conf
if [ -d /run/systemd/system ]; then
  systemctl enable --now docker ssh
  systemctl reload ssh
fi
