/** Deploys the example three times on the test bed: the second run's log and the third one's summary are kept. */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bed, upBed } from '../../bed/bed.ts';
import { holdEngine } from '../../bed/hold.ts';
import { output } from '../../bed/process.ts';
import { type Scene, setScene } from '../../fixtures/example/story.ts';
import { dist, node24, runProcess } from '../../fixtures/korrigo.ts';

export type Recorded = { readonly log: string; readonly summary: string };

/** @param onLine hears how far it is. */
export async function recordRun(onLine: (line: string) => void): Promise<Recorded> {
  const { release } = await holdEngine(onLine);
  try {
    const bed = await upBed();
    try {
      const scene = await setScene(bed);
      onLine('first deploy');
      await deploy(scene);
      onLine('second deploy');
      await scene.repository.next();
      const log = await deploy(scene);
      onLine('third deploy, as an action');
      await commitMore(scene);
      const summary = await deployAsAction(scene, bed);
      return { log: anonymous(log, scene, bed), summary: anonymous(summary, scene, bed) };
    } finally {
      await bed.down();
    }
  } finally {
    await release();
  }
}

/** Returns the log without what other programs print. */
async function deploy({ deploy: run }: Scene): Promise<string> {
  const lines: string[] = [];
  const code = await run({ onLine: (line) => void lines.push(line) });
  if (code !== 0) throw new Error(lines.join('\n'));
  return `${lines
    .filter((line) => line.trim() !== '' && !/^ {2}\S+ \| /.test(line))
    .join('\n')
    .trim()}\n`;
}

async function commitMore({ repository }: Scene): Promise<void> {
  const { folder } = repository;
  await appendFile(join(folder, 'infra/nginx/nginx.conf'), '# Longer uploads are for later.\n');
  const index = join(folder, 'frontend/index.html');
  await writeFile(index, (await readFile(index, 'utf8')).replace('</title>', ': exams</title>'));
  const author = ['-c', 'user.name=Mona', '-c', 'user.email=mona@example.com'];
  await output(
    ['git', ...author, 'commit', '--quiet', '--all', '--message', 'Say in the title what the page is about'],
    {
      cwd: folder,
    },
  );
}

/** Runs the bundle as a runner does: inputs as variables, the summary as a file. */
async function deployAsAction({ repository, inputs, environment }: Scene, bed: Bed): Promise<string> {
  const file = join(bed.folder, 'summary.md');
  await writeFile(file, '');
  const secrets = { 'ssh-key': 'KORRIGO_SSH_KEY', 'registry-password': 'KORRIGO_REGISTRY_PASSWORD' };
  const texts = Object.entries(inputs).map(async ([name, value]) => [
    name,
    value.startsWith('@') ? await readFile(value.slice(1), 'utf8') : value,
  ]);
  const given = [
    ...(await Promise.all(texts)),
    ...Object.entries(secrets).map(([name, variable]) => [name, environment[variable] ?? '']),
  ].map(([name = '', value = '']) => [`INPUT_${name.toUpperCase()}`, value]);
  const github = {
    GITHUB_STEP_SUMMARY: file,
    GITHUB_ACTOR: 'octocat',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_REPOSITORY: 'acme/korrigo',
    GITHUB_REF_NAME: 'main',
    GITHUB_RUN_ID: '4711',
  };
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...environment, ...github };
  const { code, all } = await runProcess([node24, join(dist, 'index.js')], repository.folder, {
    ...env,
    ...Object.fromEntries(given),
  });
  if (code !== 0) throw new Error(all);
  return await readFile(file, 'utf8');
}

/** Addresses of the bed as those of a user. */
function anonymous(text: string, { repository, server }: Scene, { registry, image }: Bed): string {
  return text
    .replaceAll(`${repository.folder}/`, '')
    .replaceAll(image('postgres').replace(/:[^/:]*$/, ''), 'postgres')
    .replaceAll(image('redis').replace(/:[^/:]*$/, ''), 'redis')
    .replaceAll(`log in to ${registry.address} as ${registry.username}`, 'log in to ghcr.io as octocat')
    .replaceAll(registry.address, 'ghcr.io/acme')
    .replaceAll(`http://${server.ip}`, 'https://www.example.com')
    .replaceAll(server.port === 22 ? server.ip : `${server.ip}:${server.port}`, 'www.example.com');
}
