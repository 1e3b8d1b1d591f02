/** A release on its way to a server, as far as Compose takes it: the real git, Compose and programs, and no engine. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { type ProgramName, program } from '../../src/commands/server.ts';
import type { InputTexts } from '../../src/config/inputs.ts';
import { type Checkout, readCheckout } from '../../src/flows/checkout.ts';
import type { Session } from '../../src/flows/session.ts';
import { shipAndResolve } from '../../src/flows/ship.ts';
import { localFiles } from '../../src/hosts/files.ts';
import type { Host } from '../../src/hosts/host.ts';
import { local } from '../../src/hosts/local.ts';
import { isRecord } from '../../src/model/release.ts';
import type { Resolution } from '../../src/model/state.ts';
import { run } from '../bed/process.ts';
import { configOf, digest, releaseOf, stateOf } from './builders.ts';
import { composeEnv } from './compose-cli.ts';
import { collectedLog, fakeClock } from './fakes.ts';
import { newRepository } from './shop.ts';

type Files = Readonly<Record<string, string>>;

export type Given = {
  /** Committed to git. */
  readonly files: Files;
  /** Below `shared/` on the server. */
  readonly shared?: Files;
  /** In the checkout, but not in git. */
  readonly untracked?: Files;
  readonly inputs?: InputTexts;
  /** What the runner knows; secrets of env-files among it. */
  readonly env?: Readonly<Record<string, string>>;
  /** Makes it the current release, so that the next one is compared with it. */
  readonly keep?: boolean;
};

export type Resolved = Resolution & {
  readonly root: string;
  readonly id: string;
  /** The sealed file. */
  readonly text: string;
  /** What it says. */
  readonly data: unknown;
  /** A service of it, with dollars as a container would get them. */
  readonly service: (name: string) => Service;
  readonly services: readonly string[];
  readonly log: readonly string[];
};

type Service = {
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly command: unknown;
  /** `source:target`, with `:ro`. */
  readonly volumes: readonly string[];
  readonly body: Readonly<Record<string, unknown>>;
};

export type Resolver = Awaited<ReturnType<typeof makeResolver>>;

/** One server, to which one release after the other is shipped. */
export async function makeResolver() {
  const folder = mkdtempSync(join(tmpdir(), 'korrigo-resolve-'));
  const compose = await composeEnv(folder);
  const root = join(folder, 'opt/shop');
  const server = local({ env: { ...compose, HOME: '/nonexistent', USER: 'deploy' } });
  let count = 0;
  const write = (below: string, files: Files): void => {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(below, path)), { recursive: true });
      writeFileSync(join(below, path), content);
    }
  };
  return {
    root,
    compose,
    shared: (files: Files) => write(join(root, 'shared'), files),
    exists: (path: string) => existsSync(join(root, path)),
    /** The files of a container, as it would see them. */
    read: (path: string) => readFileSync(path, 'utf8'),
    /** What Compose makes of a sealed release, from another folder. */
    again: async (text: string): Promise<unknown> => {
      const file = join(mkdtempSync(join(folder, 'again-')), 'again.yml');
      writeFileSync(file, text);
      const argv = ['docker', 'compose', '--file', file, 'config', '--format', 'json'];
      const value: unknown = JSON.parse((await run(argv, { env: { ...compose }, cwd: '/' })).stdout);
      const services = isRecord(value) && isRecord(value['services']) ? value['services'] : {};
      const stated = Object.entries(services).map(([name, body]) => [name, withoutNulls(body)]);
      return { ...(isRecord(value) ? value : {}), services: Object.fromEntries(stated) };
    },
    resolve: async ({
      files,
      shared = {},
      untracked = {},
      inputs = {},
      env = {},
      keep = false,
    }: Given): Promise<Resolved> => {
      const repository = newRepository();
      const scratch = mkdtempSync(join(folder, 'scratch-'));
      try {
        const commit = repository.commit(files);
        repository.write(untracked);
        write(join(root, 'shared'), shared);
        const visible = { ...compose, HOME: '/nonexistent', ...env };
        const log = collectedLog();
        const session: Session = {
          config: { ...configOf(inputs, env), path: root },
          ports: {
            local: local({ env: visible }),
            connect: async (): Promise<Host> => server,
            files: localFiles,
            cwd: repository.folder,
            scratch,
            env: visible,
            nonce: () => 'abcdef',
            ref: { ref: 'main', defaultBranch: 'main', source: undefined, actor: 'ada', run: undefined },
            remember: () => {},
            log,
            clock: fakeClock(),
            ask: async () => 'nobody asks',
            signal: new AbortController().signal,
          },
          hosts: new Map([['web1', server]]),
          steps: [],
        };
        const checkout = await readCheckout(session);
        const release = releaseFor(checkout, commit, ++count);
        const [resolution] = await shipAndResolve(session, checkout, release, root, [stateOf({ host: 'web1' })]);
        if (resolution === undefined) throw new Error('nothing was resolved');
        if (keep) await server.run({ argv: ['ln', '-sfn', `releases/${release.id}`, join(root, 'current')] });
        const sealed = join(root, 'releases', release.id, 'compose.yml');
        const text = existsSync(sealed) ? readFileSync(sealed, 'utf8') : '';
        return { ...read(resolution, root, text, log.lines), id: release.id };
      } finally {
        repository.remove();
      }
    },
    /** A program for servers. */
    run: async (name: ProgramName, args: readonly string[]) => await server.run(program(name, args)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function releaseFor({ model, project, committedAt }: Checkout, commit: string, count: number) {
  const images = Object.fromEntries(
    model.services.map((service) => [service, `registry.example.com/${service.toLowerCase()}@${digest('1')}`]),
  );
  const id = `20260203-0000${String(count).padStart(2, '0')}-${commit.slice(0, 12)}`;
  return releaseOf({ id, commit, committedAt, project, images, built: Object.keys(model.builds) });
}

function read(resolution: Resolution, root: string, text: string, log: readonly string[]): Omit<Resolved, 'id'> {
  const value: unknown = unescaped(parse(text));
  const services = isRecord(value) && isRecord(value['services']) ? value['services'] : {};
  const service = (name: string): Service => {
    const body = services[name];
    if (!isRecord(body)) throw new Error(`there is no service ${name} in:\n${text}\n${resolution.problems.join('\n')}`);
    const { image, environment, labels, command, volumes } = body;
    return {
      image: String(image),
      environment: texts(environment),
      labels: texts(labels),
      command,
      volumes: (Array.isArray(volumes) ? volumes : []).map(mountLine),
      body,
    };
  };
  return { ...resolution, root, text, data: parse(text), service, services: Object.keys(services), log };
}

/** Compose says of every service that it has no command and no entrypoint of its own. */
const withoutNulls = (body: unknown): unknown =>
  Object.fromEntries(Object.entries(isRecord(body) ? body : {}).filter(([, value]) => value !== null));

/** Compose writes every dollar twice. */
function unescaped(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('$$', '$');
  if (Array.isArray(value)) return value.map(unescaped);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, unescaped(part)]));
}

const texts = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(isRecord(value) ? value : {}).map(([key, text]) => [key, String(text)]));

function mountLine(mount: unknown): string {
  if (!isRecord(mount)) return String(mount);
  return `${mount['source']}:${mount['target']}${mount['read_only'] === true ? ':ro' : ''}`;
}
