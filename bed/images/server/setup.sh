#!/bin/sh
# Makes a bare Debian or Ubuntu server ready for deploys: OpenSSH, Docker Engine, Compose v2, and a user "deploy" that
# logs in by key only. Run it as root; it can be run again. The public key is the first argument, or added later to
# /home/deploy/.ssh/authorized_keys. BOOT=no leaves out what brings applications back after a loss of power.
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

# At boot, and whenever Docker was restarted: what a loss of power has interrupted is finished, and what Docker could not start
# is started. Only folders that are the deploy user's own are looked into.
boot() {
  cat >/usr/local/sbin/korrigo-boot <<'END'
#!/bin/sh
for root in /opt/*; do
  if [ ! -L "$root" ] && [ -O "$root" ] && [ -O "$root/lease" ] && [ -e "$root/lease/keeper.sh" ]; then
    sh "$root/lease/keeper.sh" boot "$root" &
  fi
done
wait
END
  chmod 755 /usr/local/sbin/korrigo-boot
  if [ -d /run/systemd/system ]; then
    cat >/etc/systemd/system/korrigo-boot.service <<'END'
[Unit]
Description=Finish interrupted deploys and start what Docker could not
Wants=docker.service network-online.target
After=docker.service network-online.target

[Service]
Type=exec
User=deploy
ExecStart=/usr/local/sbin/korrigo-boot

[Install]
WantedBy=multi-user.target docker.service
END
    systemctl enable korrigo-boot
  elif [ -d /etc/cron.d ]; then
    echo '@reboot deploy /usr/local/sbin/korrigo-boot' >/etc/cron.d/korrigo-boot
  fi
}
[ "${BOOT:-yes}" = no ] || boot

printf 'PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin no\n' \
  >/etc/ssh/sshd_config.d/10-deploy.conf
if [ -d /run/systemd/system ]; then
  systemctl enable --now docker ssh
  systemctl reload ssh
fi
