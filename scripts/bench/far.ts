/** 1 GB of images for a server that is far away. */
import { randomBytes } from 'node:crypto';
import type { Bed, Server } from '../../bed/bed.ts';
import { korrigo, reach } from '../../fixtures/korrigo.ts';
import { newRepository } from '../../fixtures/repository.ts';
import { login, must, script } from './by-hand.ts';
import { seconds, table, versionsOf } from './page.ts';
import { cable, type Shape } from './shape.ts';
import { timed } from './way.ts';

const shape: Shape = { bitsPerSecond: 100_000_000, roundTripMilliseconds: 50 };
const [count, megabytes] = [5, 200];

export async function far(bed: Bed): Promise<string> {
  const images = await makeImages(bed);
  const repository = newRepository('far');
  try {
    const services = images.map((image, n) => `  part-${n + 1}:\n    image: ${image}\n    init: true\n`);
    repository.commit({ 'compose.yml': `name: far\nservices:\n${services.join('')}` });
    const alone = await away(bed, await bed.server());
    await login(bed, alone.server);
    const pull = await timed(
      async () =>
        await script(
          alone.server,
          'for i; do docker pull --quiet "$i" & p="${p-} $!"; done; for i in $p; do wait $i; done',
          ...images,
        ),
    );
    alone.close();
    const ours = await away(bed, await bed.server());
    const deploy = async (): Promise<unknown> =>
      must(await korrigo(repository.folder, ['build', 'push', 'deploy'], ours.inputs, ours.env));
    const first = await timed(deploy);
    const again = await timed(deploy);
    ours.close();
    return [
      `${count} images of ${megabytes} MB, which do not compress. ${await versionsOf(bed)}.`,
      '',
      table(
        ['', 'time', 'ratio'],
        [
          ['what the link carries at best', seconds((count * megabytes * 8_000_000) / shape.bitsPerSecond), ''],
          ['`docker pull` of all at once, alone', seconds(pull), '1.00'],
          ['`deploy`, all of it', seconds(first), (first / pull).toFixed(2)],
          ['`deploy` once more, nothing changed', seconds(again), ''],
        ],
      ),
    ].join('\n');
  } finally {
    repository.remove();
  }
}

/** Puts a cable of its own before a server: what it asks the registry, and what it is asked over SSH, goes through it. */
async function away(bed: Bed, server: Server) {
  const wire = cable(shape);
  const [host = '', port = ''] = bed.registry.address.split(':');
  const registry = await wire.link(host, Number(port));
  const ssh = await wire.link(server.ip, server.port);
  const gateway = host.replace(/\d+$/, '1');
  const redirect = 'iptables -t nat -A OUTPUT -p tcp -d "$1" --dport "$2" -j DNAT --to-destination "$3"';
  await script(server, redirect, host, port, `${gateway}:${registry.port}`);
  const [, key = ''] = /^\S+ (.*)$/.exec(server.hostKey) ?? [];
  const reached = reach(bed, server);
  const there = { hosts: `127.0.0.1:${ssh.port}`, 'known-hosts': `[127.0.0.1]:${ssh.port} ${key}` };
  return {
    server,
    inputs: { ...reached.inputs, ...there },
    env: reached.env,
    close: () => {
      for (const link of [registry, ssh]) link.close();
    },
  };
}

/** In the registry and nowhere else: what was made of busybox, and so much that is random. */
async function makeImages({ engine, registry }: Bed): Promise<readonly string[]> {
  const run = randomBytes(3).toString('hex');
  const images: string[] = [];
  const at = ['login', '--username', registry.username, '--password-stdin', registry.address];
  const { code, stderr } = await engine.tryDocker(at, { stdin: registry.password });
  if (code !== 0) throw new Error(stderr);
  for (let n = 1; n <= count; n++) {
    const [name, image] = [`far-${run}-${n}`, `${registry.address}/far-${run}-${n}:1`];
    const fill = `head -c ${megabytes * 1_000_000} /dev/urandom >/part`;
    await engine.docker('run', '--name', name, engine.images.busybox, 'sh', '-c', fill);
    await engine.docker('commit', '--change', 'CMD ["sleep", "infinity"]', name, image);
    await engine.docker('rm', name);
    await engine.docker('push', '--quiet', image);
    await engine.docker('rmi', image);
    images.push(image);
  }
  return images;
}
