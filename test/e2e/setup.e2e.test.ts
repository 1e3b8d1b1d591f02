import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';

let bed: Bed;
beforeAll(async () => {
  bed = await upBed();
});
afterAll(async () => await bed?.down());

/** The script as root on a server, with an archive that has some packages only, and installs none. */
const stubs = `mkdir /stubs
printf '#!/bin/sh\\ncase " %s " in *" $2 "*) ;; *) exit 100 ;; esac\\n' "$PACKAGES" >/stubs/apt-cache
printf '#!/bin/sh\\necho "apt-get $*"\\n' >/stubs/apt-get
chmod +x /stubs/*
export PATH=/stubs:$PATH`;
const script = `${stubs}
for time in first second; do sh /root/setup.sh 'ssh-ed25519 AAAA deploys'; done
cat /home/deploy/.ssh/authorized_keys
stat -c '%a %U %n' /home/deploy/.ssh /home/deploy/.ssh/authorized_keys /opt`;

const inContainer = async (line: string, packages: string): Promise<readonly string[]> => {
  const said = await bed.engine.docker(
    ...['run', '--rm', '--network', 'none', '--env', `PACKAGES=${packages}`, '--entrypoint', 'sh'],
    ...[bed.engine.images.server, '-eu', '-c', line],
  );
  return said.split('\n').filter((text) => text !== '');
};

const setUp = async (packages: string): Promise<readonly string[]> => await inContainer(script, packages);
/** The shell lines on a server that the script has made, with an archive that has nothing new. */
const onServer = async (line: string): Promise<readonly string[]> =>
  await inContainer(`${stubs}\n${line}`, 'docker-cli docker-compose');

describe('setup.sh', () => {
  it.each([
    ['Debian 13', 'docker.io docker-compose docker-cli', 'docker-cli docker-compose'],
    ['Ubuntu', 'docker.io docker-compose docker-compose-v2', 'docker-compose-v2'],
  ])('takes the packages of %s, and run twice it lets the key in once', async (_, packages, names) => {
    const install = `apt-get install -y --no-install-recommends openssh-server docker.io ${names} iptables ca-certificates curl`;
    expect(await setUp(packages)).toEqual([
      ...['apt-get update', install, 'apt-get update', install],
      'ssh-ed25519 AAAA deploys',
      '700 deploy /home/deploy/.ssh',
      '600 deploy /home/deploy/.ssh/authorized_keys',
      '775 root /opt',
    ]);
  });

  /** Which of the ways to start something at boot the server has, and what was set up for it. */
  it.each([
    [
      'systemd',
      'mkdir -p /run/systemd/system',
      '',
      ['systemctl enable korrigo-boot', 'User=deploy', 'ExecStart=/usr/local/sbin/korrigo-boot'],
    ],
    ['cron', 'mkdir -p /etc/cron.d', '', ['@reboot deploy /usr/local/sbin/korrigo-boot']],
    ['neither', 'rm -rf /etc/cron.d', '', []],
    ['systemd, and it is not wanted', 'mkdir -p /run/systemd/system', 'BOOT=no', []],
  ])('finishes what a loss of power has interrupted: by %s', async (_, has, wish, found) => {
    const look = `rm -f /usr/local/sbin/korrigo-boot
printf '#!/bin/sh\necho "systemctl $*"\n' >/usr/local/sbin/systemctl
chmod +x /usr/local/sbin/systemctl
${has}
${wish} sh /root/setup.sh | grep korrigo-boot || true
grep -hE '^(User|ExecStart)|reboot' /etc/systemd/system/korrigo-boot.service /etc/cron.d/korrigo-boot 2>/dev/null || true`;
    expect(await onServer(look)).toEqual(found);
  });

  it('looks at boot into folders of the deploy user only', async () => {
    const look = `for root in shop foreign; do
  mkdir -p /opt/$root/lease
  echo 'echo "$(id -un) $*"' >/opt/$root/lease/keeper.sh
done
ln -s /opt/foreign /opt/link
chown -R deploy /opt/shop
mkdir /opt/empty
su deploy -c /usr/local/sbin/korrigo-boot`;
    expect(await onServer(look)).toEqual(['deploy boot /opt/shop']);
  });
});
