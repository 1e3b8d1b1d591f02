import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';

let bed: Bed;
beforeAll(async () => {
  bed = await upBed();
});
afterAll(async () => await bed?.down());

/** The script as root on a server, with an archive that has some packages only, and installs none. */
const script = `mkdir /stubs
printf '#!/bin/sh\\ncase " %s " in *" $2 "*) ;; *) exit 100 ;; esac\\n' "$PACKAGES" >/stubs/apt-cache
printf '#!/bin/sh\\necho "apt-get $*"\\n' >/stubs/apt-get
chmod +x /stubs/*
export PATH=/stubs:$PATH
for time in first second; do sh /root/setup.sh 'ssh-ed25519 AAAA deploys'; done
cat /home/deploy/.ssh/authorized_keys
stat -c '%a %U %n' /home/deploy/.ssh /home/deploy/.ssh/authorized_keys /opt`;

const setUp = async (packages: string): Promise<readonly string[]> =>
  (
    await bed.engine.docker(
      ...['run', '--rm', '--network', 'none', '--env', `PACKAGES=${packages}`, '--entrypoint', 'sh'],
      ...[bed.engine.images.server, '-eu', '-c', script],
    )
  )
    .trim()
    .split('\n');

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
});
