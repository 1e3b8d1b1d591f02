/** The compose files of infra, as Compose reads them, in a repository like a user's. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { currentEngine } from '../../bed/engine.ts';
import { run } from '../../bed/process.ts';
import { exampleRepository } from '../../fixtures/example/repository.ts';
import { Finding, files } from './command.ts';

const prod = 'infra/docker/docker-compose.prod.yml';
const backup = 'infra/docker/docker-compose.backup.yml';
/** Files that lie over others, and over which. */
const overlays: Readonly<Record<string, readonly string[]>> = {
  [backup]: [prod],
  'infra/docker/docker-compose.monitoring.yml': [prod, backup],
  'infra/docker/docker-compose.ipv6.yml': [prod],
  'infra/docker/docker-compose.logs.yml': [prod],
  'infra/docker/docker-compose.offsite.yml': [prod, backup],
};

export async function composeFiles(): Promise<void> {
  const all = await files(/^infra\/.*docker-compose.*\.ya?ml$/);
  const folder = mkdtempSync(join(tmpdir(), 'korrigo-infra-'));
  try {
    await exampleRepository(folder);
    fillExamples(folder);
    const { env } = await currentEngine();
    const texts = all.map((path) => readFileSync(join(folder, path), 'utf8').replaceAll(/^ *#.*$/gm, ''));
    const problems: string[] = [];
    for (const path of all) {
      // A file that others extend or include is read with them.
      if (texts.some((text) => text.includes(basename(path)))) continue;
      const chosen = [...(overlays[path] ?? []), path].flatMap((file) => ['--file', file]);
      const argv = ['docker', 'compose', ...chosen, '--profile', '*', 'config', '--quiet'];
      const { code, stderr } = await run(argv, { cwd: folder, env: { ...env, DB_PASSWORD: 'only-to-check' } });
      // A variable that is not set is a warning to Compose, and a hole in a production stack.
      if (code !== 0 || stderr.trim() !== '') problems.push(`${path}: ${stderr.trim()}`);
    }
    if (problems.length > 0) throw new Finding(problems.join('\n'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a person copies by hand: x.example becomes x. */
function fillExamples(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.example')) copyFileSync(join(folder, name), join(folder, name.slice(0, -'.example'.length)));
  }
}
