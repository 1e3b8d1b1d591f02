/** The first deploy of all: nothing is cached on the runner, and nothing is on the server. */
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bed, ImageName } from '../../bed/bed.ts';
import { output } from '../../bed/process.ts';
import { setScene } from '../../fixtures/example/story.ts';
import { ours } from './ours.ts';
import { seconds, table, versionsOf } from './page.ts';
import { recipe } from './typed.ts';
import { typist } from './typist.ts';
import { timed } from './way.ts';

export async function empty(bed: Bed): Promise<string> {
  const images = await publishBases(bed);
  const [one, other] = [await freshRunner(bed, images), await freshRunner(bed, images)];
  const typed = recipe(await typist(one, await setScene(one, 'korrigo-typed')));
  const action = ours(await setScene(other, 'korrigo-action'), 'this action', '');
  const byHand = await timed(typed.deploy);
  const byAction = await timed(action.deploy);
  const rows = [
    [typed.name, seconds(byHand), '1.00'],
    [action.name, seconds(byAction), (byAction / byHand).toFixed(2)],
  ];
  return [`${await versionsOf(bed)}.`, '', table(['', 'commit to healthy', 'ratio'], rows)].join('\n');
}

type Images = Bed['engine']['images'];

/** Lets runners pull what is built on, as they do elsewhere. */
async function publishBases({ engine, registry }: Bed): Promise<Images> {
  await engine.tryDocker(loginTo(registry), { stdin: registry.password });
  const names: readonly ImageName[] = ['python', 'node', 'nginx'];
  const published = names.map((name) => [name, `${registry.address}/${engine.images[name]}`] as const);
  for (const [name, image] of published) {
    await engine.docker('tag', engine.images[name], image);
    await engine.docker('push', '--quiet', image);
    await engine.docker('rmi', image);
  }
  return { ...engine.images, ...Object.fromEntries(published) };
}

const loginTo = ({ username, address }: Bed['registry']): readonly string[] => [
  'login',
  '--username',
  username,
  '--password-stdin',
  address,
];

/** The bed as a runner sees it whose engine was installed a minute ago, and which may pull. */
async function freshRunner(bed: Bed, images: Images): Promise<Bed> {
  const machine = await bed.server({ daemon: { hosts: ['unix:///var/run/docker.sock', 'tcp://0.0.0.0:2375'] } });
  const config = join(bed.folder, `config-${machine.name}`);
  await mkdir(config);
  const plugins = bed.engine.env['DOCKER_CONFIG'];
  if (plugins)
    await cp(join(plugins, 'cli-plugins'), join(config, 'cli-plugins'), { recursive: true, dereference: true });
  const env = { ...bed.engine.env, DOCKER_HOST: `tcp://${machine.ip}:2375`, DOCKER_CONFIG: config };
  await output(['docker', ...loginTo(bed.registry)], { env, stdin: bed.registry.password });
  return { ...bed, engine: { ...bed.engine, env, images } };
}
