import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { type Deployer, deployer, type Texts } from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import { push } from '../../fixtures/push.ts';
import type { Repository } from '../../fixtures/repository.ts';
import { quickHealth, shopFiles } from '../../fixtures/shop.ts';
import { output, page, shell, stateOf } from '../../fixtures/state.ts';

const { bed, repository } = await openBed();
const everything = ['build', 'push', 'deploy'];
const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

/** Our own tags on a server, without the registry: `shop-web 20261122-…`. */
const tagsOn = async (server: Server, project = 'shop'): Promise<readonly string[]> =>
  lines(await output(server, 'docker', 'image', 'ls', '--format', '{{.Repository}} {{.Tag}}'))
    .flatMap((line) => {
      const [, name, id] = new RegExp(`/([\\w-]+) ${project}-(\\d{8}-\\d{6}-[0-9a-f]{12})$`).exec(line) ?? [];
      return name === undefined ? [] : [`${name} ${id}`];
    })
    .sort();

describe('ten deploys in a row that keep three releases', () => {
  const megabytes = 3;
  let server: Server;
  let shop: Repository;
  let deploy: Deployer;
  let others: Neighbours;
  const ids: string[] = [];
  const sizes: { readonly docker: number; readonly opt: number }[] = [];

  beforeAll(async () => {
    server = await bed.server({ preload: [bed.image('busybox')] });
    shop = repository();
    deploy = deployer(shop.folder, bed, server);
    others = await newNeighbours();
    const another = await pushAnother();
    for (let n = 1; n <= 10; n++) {
      // Somebody else's image changes as well, and what it was before is then used by the neighbour alone.
      const files = shopFiles(bed, `page ${n}`, { web: '    # a large file comes with it\n' });
      const compose = n > 5 ? files['compose.yml']?.replace(bed.image('busybox'), another) : files['compose.yml'];
      shop.write({ ...files, 'compose.yml': compose ?? '', 'site.conf': randomBytes(250_000).toString('base64') });
      mkdirSync(join(shop.folder, 'www'), { recursive: true });
      writeFileSync(join(shop.folder, 'www/large'), randomBytes(megabytes * 1_000_000));
      shop.commit({});
      succeeded(await deploy(everything, { 'keep-releases': '3' }));
      ids.push((await stateOf(server)).current);
      sizes.push({ docker: await kilobytes('/var/lib/docker'), opt: await kilobytes('/opt') });
    }
    console.log(
      `KB after each deploy:\n${sizes.map(({ docker, opt }, n) => `${String(n + 1).padStart(4)}  /var/lib/docker ${docker}  /opt ${opt}`).join('\n')}`,
    );
  });

  it('fill the disk up to the third and no further', () => {
    const [first, , third, , , ...later] = sizes;
    if (first === undefined || third === undefined) throw new Error('no deploys');
    const image = (third.docker - first.docker) / 2;
    expect(image).toBeGreaterThan(megabytes * 900);
    for (const { docker, opt } of later) {
      expect(docker).toBeLessThan(third.docker + image / 2);
      expect(opt).toBeLessThan(third.opt + 100);
    }
  });

  it('leave three releases, with their images and files, and nothing of the seven before', async () => {
    const kept = ids.slice(-3);
    expect((await stateOf(server)).releases).toEqual(kept);
    expect(await tagsOn(server)).toEqual([
      ...kept.map((id) => `another ${id}`),
      `busybox ${ids[4]}`, // the last name of an image that a neighbour runs by its digest
      ...kept.map((id) => `shop-web ${id}`),
    ]);
    expect(lines(await shell(server, 'ls /opt/shop/files'))).toHaveLength(3);
    expect(await shell(server, 'docker image ls --quiet --filter dangling=true | sort -u | wc -l')).toBe('1\n');
  });

  it('leave the neighbours alone: their images, by whatever name, their volumes and their containers', async () => {
    expect(await others.look()).toEqual(others.before);
  });

  it('leave every volume there is, of the shop too', async () => {
    const volumes = lines(await output(server, 'docker', 'volume', 'ls', '--quiet'));
    expect(volumes).toEqual(expect.arrayContaining(['forgotten', 'neighbour_data', 'shop_data']));
  });

  it('can be rolled back to, each of the three, while the registry is down', async () => {
    await bed.registry.stop();
    try {
      for (const n of [8, 9, 10, 8]) {
        succeeded(await deploy(['rollback'], { to: ids[n - 1] ?? '' }));
        expect(await page(server)).toBe(`page ${n}`);
      }
    } finally {
      await bed.registry.start();
    }
  });

  it('are not made fewer by a rollback that would keep fewer', async () => {
    succeeded(await deploy(['rollback'], { 'keep-releases': '2' }));
    expect((await stateOf(server)).releases).toEqual(ids.slice(-3));
  });

  const kilobytes = async (path: string): Promise<number> =>
    Number((await output(server, 'du', '--one-file-system', '--summarize', '--block-size=1000', path)).split('\t')[0]);

  /** An image that is not built with the shop. @returns its name in the bed's registry */
  async function pushAnother(): Promise<string> {
    const name = `${bed.registry.address}/another:1`;
    writeFileSync(join(bed.folder, 'Dockerfile'), `FROM ${bed.engine.images.busybox}\nRUN echo another >/another\n`);
    await bed.engine.docker('build', '--quiet', '--tag', name, '--file', join(bed.folder, 'Dockerfile'), bed.folder);
    await push(bed, name);
    return name;
  }

  type Neighbours = { readonly before: Texts; readonly look: () => Promise<Texts> };

  /** What somebody else has on the same server: images with a tag, without one, and known by a digest alone. */
  async function newNeighbours(): Promise<Neighbours> {
    const busybox = bed.image('busybox');
    const { username, password, address } = bed.registry;
    const name = busybox.replace(/:[^:/]*$/, '');
    await shell(
      server,
      `set -e
      digest=$(docker image inspect --format '{{index .RepoDigests 0}}' ${busybox})
      docker rmi ${busybox}
      docker login --username ${username} --password-stdin ${address} && docker pull "$digest"
      docker logout ${address}
      docker volume create forgotten
      docker run --detach --init --name by-digest --label com.docker.compose.project=neighbour \\
        --volume neighbour_data:/data "$digest" sleep infinity
      docker exec by-digest sh -c 'echo neighbour >/data/file; echo more >/more'
      docker run --detach --init --name untagged "$(docker commit by-digest)" sleep infinity
      docker commit by-digest neighbour/app:1 && docker commit by-digest shop-web:1
      docker commit by-digest ${name}:shop-v1 && docker commit by-digest ${name}:shopping-20260101-000000-0123456789ab`,
      password,
    );
    const images = lines(await output(server, 'docker', 'image', 'ls', '--all', '--no-trunc', '--quiet'));
    const names = lines(await output(server, 'docker', 'image', 'ls', '--format', '{{.Repository}}:{{.Tag}}'));
    const look = async (): Promise<Texts> => {
      const inspected = async (ids: readonly string[], format: string): Promise<string> =>
        await output(server, 'docker', 'image', 'inspect', '--format', format, ...ids);
      return {
        images: await inspected(images, '{{.Id}}'),
        named: await inspected(
          names.filter((each) => !each.includes('<none>')),
          '{{.Id}}',
        ),
        digest: await inspected(
          [await output(server, 'docker', 'inspect', '-f', '{{.Config.Image}}', 'by-digest')].map((text) =>
            text.trim(),
          ),
          '{{.RepoDigests}}',
        ),
        containers: await output(server, 'docker', 'inspect', '-f', '{{.State.StartedAt}}', 'by-digest', 'untagged'),
        data: await output(server, 'docker', 'exec', 'by-digest', 'cat', '/data/file', '/more'),
      };
    };
    return { before: await look(), look };
  }
});

describe('deploys that fail', () => {
  let server: Server;
  let shop: Repository;
  let deploy: Deployer;
  let good: string;
  let sick: string;

  const failed = async (files: Texts, inputs: Texts = {}): Promise<void> => {
    shop.commit(files);
    const outcome = await deploy(everything, { 'on-failure': 'keep', ...inputs });
    expect(outcome.code, outcome.all).toBe(1);
  };
  /** Of web, which never becomes healthy; cache gets another environment and is well. */
  const sickFiles = (): Texts => {
    const files = shopFiles(bed, 'sick');
    const compose = files['compose.yml']?.replace(quickHealth, `${quickHealth}    environment:\n      MORE: memory\n`);
    return {
      ...files,
      'compose.yml': compose ?? '',
      'site.conf': 'colour = pale\n',
      Dockerfile: 'ARG BASE\nFROM ${BASE}\nCMD ["sh", "-c", "sleep 1; exit 3"]\n',
    };
  };
  /** Needs a file that the server does not have. */
  const unfinished = (): Texts => shopFiles(bed, 'x', { web: '    env_file: nowhere.env\n' });
  const filesOn = async (): Promise<readonly string[]> =>
    lines(await shell(server, 'cat /opt/shop/files/*/site.conf | sort'));

  beforeAll(async () => {
    server = await bed.server();
    shop = repository();
    deploy = deployer(shop.folder, bed, server);
    shop.commit(shopFiles(bed));
    succeeded(await deploy(everything));
    good = (await stateOf(server)).current;
  });

  it('leave nothing when nothing runs from them', async () => {
    await failed(unfinished());
    expect((await stateOf(server)).releases).toEqual([good]);
    const migrate = { migrate: "web: sh -c 'exit 7'", 'migrate-when': 'before' };
    await failed({ ...shopFiles(bed, 'y'), 'site.conf': 'colour = red\n' }, migrate);
    expect((await stateOf(server)).releases).toEqual([good]);
    expect(await tagsOn(server)).toEqual([`busybox ${good}`, `shop-web ${good}`]);
    expect(await filesOn()).toEqual(['colour = blue']);
  });

  it('keep their files and images as long as containers run from them', async () => {
    await failed(sickFiles());
    const { releases, current, containers } = await stateOf(server);
    sick = releases.find((id) => id !== good) ?? '';
    expect([releases, current]).toEqual([[good, sick], good]);
    expect(Object.keys(containers)).toEqual(['shop-cache-1', 'shop-web-1']);
    expect(await filesOn()).toEqual(['colour = blue', 'colour = pale']);
    expect(await tagsOn(server)).toContain(`shop-web ${sick}`);
    await failed(unfinished());
    expect((await stateOf(server)).releases).toEqual([good, sick]);
    expect(await filesOn()).toEqual(['colour = blue', 'colour = pale']);
  });

  it('are gone after the next one that succeeds, also when it found a container of theirs to be right', async () => {
    const before = await stateOf(server);
    const { Dockerfile = '' } = shopFiles(bed);
    shop.commit({ ...sickFiles(), Dockerfile, 'site.conf': 'colour = rosy\n' });
    succeeded(await deploy(everything));
    const after = await stateOf(server);
    expect(after.containers['shop-cache-1']).toEqual(before.containers['shop-cache-1']);
    expect(after.releases).toEqual([good, after.current]);
    expect(await filesOn()).toEqual(['colour = blue', 'colour = rosy']);
    expect(await tagsOn(server)).not.toContain(`shop-web ${sick}`);
  });
});
