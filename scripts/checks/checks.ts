/** Everything that must hold besides the tests. Each check throws a Finding, in words that say what to do. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { build } from '../build.ts';
import { programsSource } from '../programs.ts';
import { Finding, files, must, top } from './command.ts';
import { composeFiles } from './compose.ts';
import { installTools, toolPath } from './tools.ts';

const env = { PATH: toolPath, NO_COLOR: '1' };

export const checks: Readonly<Record<string, () => Promise<void>>> = {
  'tools for the checks': installTools,
  types: async () => void (await must(['tsc', '--noEmit'])),
  'lint and format': async () => void (await must(['biome', 'ci', '.'])),
  'generated: src/server/programs.ts': async () => {
    if (readFileSync(join(top, 'src/server/programs.ts'), 'utf8') !== programsSource())
      throw new Finding('src/server/programs.ts is not what the files beside it make: run `npm run build`');
  },
  'generated: documents': async () => void (await must([process.execPath, 'scripts/docs.ts', '--check'])),
  'dist is what the sources build': async () => sameAsBuilt(),
  'dist is small and holds no programs': async () => onlyText(),
  'shell scripts': async () => {
    await must(['shellcheck', '--external-sources', ...(await shellScripts())], { env });
    // No #! line: they are sent to a server, some of them one after the other, and run by its sh.
    const programs = await files(/^src\/server\/.*\.sh$/);
    const parts = programs.filter((path) => /\/(lease.*|keeper|seal)\.sh$/.test(path));
    await must(['shellcheck', '--shell', 'sh', ...programs.filter((path) => !parts.includes(path))], { env });
    // Parts of one program: a variable that one of them sets is another one's to use.
    await must(['shellcheck', '--shell', 'sh', '--exclude', 'SC2034,SC2154', ...parts], { env });
  },
  Dockerfiles: async () => {
    const all = await files(/(^|\/)Dockerfile$/);
    const ofTests = all.filter((path) => /^(bed|test)\//.test(path));
    await must(['hadolint', ...all.filter((path) => !ofTests.includes(path))], { env });
    // Stand-ins for images: made of whatever Debian has today, and thrown away.
    await must(['hadolint', '--ignore', 'DL3008', '--ignore', 'DL4006', ...ofTests], { env });
  },
  'workflows: actionlint': async () =>
    void (await must(['actionlint', ...(await files(/^(\.github|examples)\/workflows\/.*\.ya?ml$/))], { env })),
  'workflows: zizmor': async () => {
    const copied = await files(/^examples\/workflows\/.*\.ya?ml$/);
    const options = ['--persona', 'pedantic', '--offline', '--no-progress', '--quiet'];
    await must(['zizmor', ...options, '.github', 'action.yml', ...copied], { env });
  },
  'compose files of infra: compose-lint': async () => {
    // Those that run on servers; the passwords of development and tests are nobody's secret.
    const all = await files(/^infra\/docker\/docker-compose\.(?!dev|test|common).*\.yml$/);
    const options = ['--config', 'infra/docker/.compose-lint.yml', '--fail-on', 'low', '--no-env', '--skip-suppressed'];
    await must(['compose-lint', 'check', ...options, '--quiet', ...all], { env });
  },
};

/** Those that need the engine of the bed, or the machine's. */
export const checksWithDocker: Readonly<Record<string, () => Promise<void>>> = {
  'compose files of infra': composeFiles,
};

/** By ending or first line, but for the programs of servers. */
async function shellScripts(): Promise<readonly string[]> {
  const all = await files(/^(?!src\/server\/)/);
  return all.filter((path) => path.endsWith('.sh') || /^#!.*\b(ba)?sh\b/.test(firstLine(path)));
}

function firstLine(path: string): string {
  const file = openSync(join(top, path), 'r');
  try {
    const start = Buffer.alloc(100);
    return start.toString('utf8', 0, readSync(file, start)).split('\n')[0] ?? '';
  } finally {
    closeSync(file);
  }
}

function sameAsBuilt(): void {
  // On the disk of the build: files move from there.
  mkdirSync(join(top, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(top, '.cache/dist-'));
  try {
    build(folder);
    const names = [...new Set([...readdirSync(folder), ...readdirSync(join(top, 'dist'))])];
    const different = names.filter((name) => !isSame(join(folder, name), join(top, 'dist', name)));
    if (different.length > 0)
      throw new Finding(`out of date: ${different.join(', ')}; run \`npm run build\` and commit dist/`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isSame(built: string, committed: string): boolean {
  if (!existsSync(built) || !existsSync(committed)) return false;
  const isProgram = (path: string): boolean => (statSync(path).mode & 0o100) !== 0;
  return isProgram(built) === isProgram(committed) && readFileSync(built).equals(readFileSync(committed));
}

const maximum = 1_700_000;

function onlyText(): void {
  const found = readdirSync(join(top, 'dist'), { recursive: true, encoding: 'utf8' });
  const programs = found.filter((name) => /\.(node|exe|so|dll)$/.test(name));
  if (programs.length > 0)
    throw new Finding(`dist/ holds ${programs.join(', ')}: was a dependency installed with its scripts?`);
  const { size } = statSync(join(top, 'dist/index.js'));
  if (size > maximum) throw new Finding(`dist/index.js has ${size} bytes, more than ${maximum}: what came in?`);
}
