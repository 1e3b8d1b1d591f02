/** Compose files through plain Compose, and through the program that seals them, on a folder instead of a server. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { composeEnv } from '../../bed/compose-cli.ts';
import { digest, releaseOf } from '../../fixtures/builders.ts';
import { sourceFolder } from '../../src/commands/paths.ts';
import { program } from '../../src/commands/program.ts';
import { readModel } from '../../src/compose/model.ts';
import { readRawFile } from '../../src/compose/raw.ts';
import { imagesTable, pinsFile, releaseEnv } from '../../src/compose/seal.ts';
import { local } from '../../src/hosts/local.ts';
import { isRecord, parseJson } from '../../src/model/release.ts';
import { comparable, type Places } from './compare.ts';

type Files = Readonly<Record<string, string>>;

/** What Compose makes of files, or why it refuses them. */
export type Read =
  | {
      /** What can be compared. */
      readonly project: unknown;
      readonly whole: unknown;
    }
  | { readonly refused: string };

export type Sealer = Awaited<ReturnType<typeof makeSealer>>;

export async function makeSealer() {
  const folder = mkdtempSync(join(tmpdir(), 'korrigo-corpus-'));
  // Plain Compose may see as much of a session as a server shows it.
  const host = local({ env: { ...(await directly(folder)), HOME: folder } });
  const config = async (place: string, args: readonly string[], places: Places): Promise<Read> => {
    const argv = ['docker', 'compose', ...args, 'config', '--format', 'json'];
    const { code, stdout, stderr } = await host.run({ argv, cwd: place, env: { PWD: place } });
    const whole = parseJson(stdout);
    return code === 0 ? { project: comparable(whole, places), whole } : { refused: stderr.trim() };
  };
  const own = <T>(kind: string, act: (place: string) => Promise<T>): Promise<T> => {
    const place = mkdtempSync(join(folder, `${kind}-`));
    return act(place).finally(() => rmSync(place, { recursive: true, force: true }));
  };
  /** What plain Compose makes of the files, which it finds by itself where it is not given any. */
  const plain = (files: Files, args: readonly string[] = []): Promise<Read> =>
    own('plain', async (parent) => {
      const place = join(parent, 'shop');
      write(place, files);
      const places = [
        [place, '<repository>'],
        [parent, '<repository>/.parent'],
      ] as const;
      return await config(place, args, places);
    });
  /** What Compose makes of the sealed file, from another folder. @param files of the server, as if nothing was in git */
  const sealed = (files: Files, model: unknown): Promise<Read> =>
    own('root', async (root) => {
      const release = join(root, 'releases/r1');
      const { 'compose.yml': compose = '', ...shared } = files;
      write(join(root, 'shared'), shared);
      write(release, releaseFiles(compose, model));
      const options = ['--file', `${release}/${sourceFolder}/compose.yml`, '--file', `${release}/pins.yml`];
      const { code, stdout, stderr } = await host.run(program('resolve', [root, 'r1', 'shop', '.', ...options]));
      if (code !== 0) return { refused: stderr.trim() };
      const places = [[`${root}/shared`, '<repository>']] as const;
      const read = await config('/', ['--project-name', 'shop', '--file', `${release}/compose.yml`], places);
      if ('refused' in read) throw new Error(`sealed, and then: ${read.refused}\n${stdout}\n${text(release)}`);
      return read;
    });
  return { plain, sealed, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The runner's part of a release. @param model what Compose makes of the files */
function releaseFiles(compose: string, model: unknown): Files {
  const raw = readRawFile(compose);
  const names = Object.keys(isRecord(model) && isRecord(model['services']) ? model['services'] : {});
  const unseen = names.filter((name) => !raw.services.includes(name));
  if (raw.problem !== undefined || unseen.length > 0)
    throw new Error(`the runner does not see ${unseen.join(', ')}: ${raw.problem ?? ''}\n${compose}`);
  const read = readModel(JSON.stringify(model ?? {}), '/');
  const uses = [...read.services, ...Object.keys(read.otherImages)].map((use) => [use, `x@${digest('1')}`] as const);
  const release = releaseOf({ id: 'r1', project: 'shop', images: Object.fromEntries(uses), built: [] });
  const { image, build, elsewhere } = raw.variables;
  return {
    [`${sourceFolder}/compose.yml`]: compose,
    'pins.yml': pinsFile(read, release),
    'images.tab': imagesTable(read, release),
    'release.env': releaseEnv(raw.variables, {}, release),
    'paths.tab': '',
    'release.json': '{}',
    'variables.txt': [...image, ...build, ...elsewhere].map((name) => `${name}\n`).join(''),
    'env-files.txt': '.env\n',
  };
}

function write(below: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(below, path)), { recursive: true });
    writeFileSync(join(below, path), content);
  }
}

const text = (release: string): string =>
  existsSync(join(release, 'compose.yml')) ? readFileSync(join(release, 'compose.yml'), 'utf8') : 'nothing is sealed';

/** Compose without the client of Docker before it, which takes longer than Compose itself. */
async function directly(folder: string): Promise<Readonly<Record<string, string>>> {
  const env = await composeEnv(folder);
  const info = await local({ env }).run({
    argv: ['docker', 'info', '--format', '{{range .ClientInfo.Plugins}}{{.Name}} {{.Path}}\n{{end}}'],
  });
  const [, plugin] = /^compose (.+)$/m.exec(info.stdout) ?? [];
  if (plugin === undefined) return env;
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/docker'), `#!/bin/sh\nshift\nexec '${plugin}' "$@"\n`);
  chmodSync(join(folder, 'bin/docker'), 0o755);
  return { ...env, PATH: `${join(folder, 'bin')}:${env['PATH']}` };
}
