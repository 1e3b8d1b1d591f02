/** The demo, chapter by chapter. Each throws at the first thing that is not as it should be. */
import { readFile } from 'node:fs/promises';
import { type Bed, upBed } from '../../bed/bed.ts';
import type { Copy } from '../../fixtures/example/site.ts';
import { type Container, type Scene, samplePdf, setScene } from '../../fixtures/example/story.ts';
import type { Screen } from './screen.ts';
import { showDeploy } from './show.ts';

export type Stage = { readonly screen: Screen; readonly signal: AbortSignal };

export async function openTheBed({ screen, signal }: Stage): Promise<Bed> {
  screen.busy('registry');
  const started = Date.now();
  const bed = await upBed();
  signal.throwIfAborted();
  const { address, username } = bed.registry;
  screen.item('✓', `registry    https://${address}, user ${username}`, since(started));
  return bed;
}

export async function putUpTheScene({ screen, signal }: Stage, bed: Bed): Promise<Scene> {
  screen.busy('server and repository');
  const started = Date.now();
  const scene = await setScene(bed);
  signal.throwIfAborted();
  const { server, repository, site } = scene;
  screen.item(
    '✓',
    `server      ssh ${server.user}@${server.ip}, host key ${server.fingerprint.slice(0, 24)}…`,
    since(started),
  );
  screen.item('✓', `repository  examples/korrigo and infra side by side, commit ${repository.commit.slice(0, 12)}`);
  screen.item(' ', `site        ${site.url}/ is where nginx will answer`);
  screen.idle();
  return scene;
}

export async function firstDeploy(stage: Stage, scene: Scene): Promise<void> {
  stage.screen.chapter(
    'From a commit to a running site',
    'One command, as a workflow would run it: test the commit, build its two images, push them, and bring the empty server up from their digests.',
  );
  await showDeploy(stage, scene, 'new');
}

export async function use({ screen, signal }: Stage, { site, repository }: Scene): Promise<Copy> {
  screen.chapter(
    'The site at work',
    'A scanned copy goes through nginx to Django, and by way of Redis to a Celery worker.',
  );
  const page = await (await site.get('/')).text();
  claim(screen, `${site.url}/ serves the front end`, page.includes('<title>Korrigo</title>'), page.slice(0, 80));
  await claimVersion(screen, site.version(), repository.commit);
  const pdf = await readFile(samplePdf);
  const exam = await site.addExam({ title: 'Algebra, June', date: '2026-06-15' });
  const uploaded = await site.addCopy(exam, { student: 'Amira' }, pdf);
  claim(screen, `sample.pdf uploaded as copy ${uploaded.id}, ${pdf.length} bytes`, uploaded.id > 0, uploaded);
  signal.throwIfAborted();
  screen.busy('waiting for Celery');
  const copy = await site.processed(uploaded.id);
  screen.idle();
  claim(screen, `Celery processed it: ${copy.pages} pages`, copy.status === 'processed' && copy.pages === 2, copy);
  const back = Buffer.from(await (await site.get(copy.file)).arrayBuffer());
  claim(screen, 'and nginx gives it back, byte for byte', back.equals(pdf), `${back.length} bytes`);
  return copy;
}

export async function secondDeploy(stage: Stage, scene: Scene): Promise<string> {
  const { screen } = stage;
  screen.chapter(
    'The next commit',
    'Copies get a number: a migration, a field in the pages, and a header in nginx.conf, which is no part of any image.',
  );
  const { commit, changes } = scene.repository.next();
  for (const line of changes) screen.line(`   ${line}`, 'dim');
  screen.line();
  await showDeploy(stage, scene, 'known');
  return commit;
}

export type Before = { readonly containers: Readonly<Record<string, Container>>; readonly copy: Copy };

export async function compare({ screen }: Stage, scene: Scene, before: Before, commit: string): Promise<void> {
  screen.chapter('What is new, and what is not', 'Only what had to be was recreated: the database never stopped.');
  const containers = await scene.containers();
  const replaced = ['backend', 'celery', 'nginx'];
  for (const [service, now] of Object.entries(containers)) {
    const was = before.containers[service];
    const isSame = now.id === was?.id && now.startedAt === was.startedAt;
    const up = `up ${Math.round((Date.now() - Date.parse(now.startedAt)) / 1000)} s, ${now.health}`;
    const id = now.id.slice(0, 12);
    const change = isSame ? `${id}, the same container` : `${was?.id.slice(0, 12)} → ${id}`;
    const isRight = isSame !== replaced.includes(service) && (now.health === 'healthy' || service === 'door');
    claim(screen, `${service.padEnd(8)} ${change.padEnd(36)} ${up}`, isRight, now);
  }
  const { site } = scene;
  await claimVersion(screen, site.version(), commit);
  const header = (await site.get('/')).headers.get('x-robots-tag');
  claim(screen, 'nginx sends X-Robots-Tag: the new nginx.conf is in place', header !== null, header);
  const { id, checksum, pages } = before.copy;
  const copy = await site.copy(id);
  const isSame = copy.checksum === checksum && copy.pages === pages;
  claim(screen, `copy ${id} is still there, in the migrated database`, isSame && copy.number === '', copy);
  const file = await site.get(copy.file);
  claim(screen, 'and its file on the volume', file.headers.get('content-length') === String(copy.size), file.headers);
}

async function claimVersion(screen: Screen, version: Promise<string>, commit: string): Promise<void> {
  const answer = await version;
  claim(screen, `/api/version/ says ${commit.slice(0, 12)}, the commit that was deployed`, answer === commit, answer);
}

/** Shows what was found to be so; throws, with what was found instead, when it is not. */
function claim(screen: Screen, text: string, isSo: boolean, found: unknown): void {
  screen.item(isSo ? '✓' : '✗', text);
  if (!isSo)
    throw new Error(`not so: ${text.trim()}; found ${typeof found === 'string' ? found : JSON.stringify(found)}`);
}

const since = (started: number): number => (Date.now() - started) / 1000;
