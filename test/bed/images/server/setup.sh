#!/bin/sh
# Makes a bare Debian or Ubuntu server ready for deploys: OpenSSH, Docker Engine, Compose v2, and a user "deploy" that
# logs in by key only. Run it as root; it can be run again. The public key is the first argument, or added later to
# /home/deploy/.ssh/authorized_keys.
set -eu

export DEBIAN_FRONTEND=noninteractive
apt-get update
compose=docker-compose # on Debian 13 that is Compose v2, on Ubuntu it has another name
if apt-cache show docker-compose-v2 >/dev/null 2>&1; then compose=docker-compose-v2; fi
cli=
if apt-cache show docker-cli >/dev/null 2>&1; then cli=docker-cli; fi
apt-get install -y --no-install-recommends openssh-server docker.io $cli "$compose" iptables ca-certificates curl

id deploy >/dev/null 2>&1 || useradd --create-home --shell /bin/bash deploy
usermod --append --groups docker deploy
install -d -m 700 -o deploy -g deploy /home/deploy/.ssh
if [ -n "${1:-}" ]; then echo "$1" >>/home/deploy/.ssh/authorized_keys; fi
touch /home/deploy/.ssh/authorized_keys
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
