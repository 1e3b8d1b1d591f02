import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { documents } from '../scripts/docs.ts';
import { type InputTexts, inputNames, inputOf } from '../src/config/inputs.ts';
import { readConfig } from '../src/config/read.ts';
import { isRecord } from '../src/model/release.ts';
import { outputs } from '../src/report/outputs.ts';

const top = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(top, path), 'utf8');
const list = (folder: string): readonly string[] =>
  readdirSync(join(top, folder), { recursive: true, encoding: 'utf8' });

const pages = [
  'README.md',
  'README.fr.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...list('docs')
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

type Block = { readonly where: string; readonly language: string; readonly text: string };

/** Fenced blocks of a page, without the indentation of the list that they stand in. */
function blocksOf(page: string): readonly Block[] {
  return [...read(page).matchAll(/^( *)```(\w+)\n(.*?)^\1```$/gms)].map(
    ({ 1: indent = '', 2: language = '', 3: text = '', index }) => ({
      where: `${page}:${read(page).slice(0, index).split('\n').length}`,
      language,
      text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  );
}

const blocks = pages.flatMap(blocksOf);
const workflows = [
  ...blocks.filter(({ language }) => language === 'yaml'),
  ...list('examples/workflows').map((file) => ({
    where: `examples/workflows/${file}`,
    language: 'yaml',
    text: read(`examples/workflows/${file}`),
  })),
];

describe('generated parts', async () => {
  it.each(await documents())('of $path are what the code says (npm run docs)', ({ is, should }) => {
    expect(is).toBe(should);
  });
});

describe('action.yml', () => {
  const action: unknown = parse(read('action.yml'));
  const section = (name: string): Readonly<Record<string, unknown>> => {
    const value = isRecord(action) ? action[name] : undefined;
    return isRecord(value) ? value : {};
  };

  it('runs the bundle on Node 24, and its clean-up always', () => {
    expect(section('runs')).toEqual({
      using: 'node24',
      main: 'dist/index.js',
      post: 'dist/post.js',
      'post-if': 'always()',
    });
    for (const file of ['dist/index.js', 'dist/post.js']) expect(existsSync(join(top, file)), file).toBe(true);
  });

  it('has a description short enough for the marketplace', () => {
    expect(isRecord(action) && action['description']).toMatch(/^.{20,124}$/);
  });

  it('has every input and output, with texts', () => {
    expect(Object.keys(section('inputs'))).toEqual(inputNames);
    expect(Object.keys(section('outputs'))).toEqual(Object.keys(outputs));
    for (const entry of [...Object.values(section('inputs')), ...Object.values(section('outputs'))])
      for (const value of Object.values(isRecord(entry) ? entry : { entry })) expect(typeof value).toBe('string');
  });

  it('gives no secret a default', () => {
    const secrets = inputNames.filter((name) => inputOf(name).secret);
    expect(secrets).toContain('ssh-key');
    for (const name of secrets) expect(section('inputs')[name]).not.toHaveProperty('default');
  });
});

describe('workflow examples', () => {
  type Step = {
    readonly id: string | undefined;
    readonly with: Readonly<Record<string, unknown>>;
    readonly env: readonly string[];
  };

  /** Every use of something of ours in a piece of YAML: `uses`, and the mapping that it stands in. */
  function usesOf(value: unknown): readonly { readonly uses: string; readonly step: Step }[] {
    if (Array.isArray(value)) return value.flatMap(usesOf);
    if (!isRecord(value)) return [];
    const { uses, id, with: given, env } = value;
    const own = typeof uses === 'string' && uses.startsWith('korrigo/deploy-action');
    return own
      ? [
          {
            uses,
            step: {
              id: typeof id === 'string' ? id : undefined,
              with: isRecord(given) ? given : {},
              env: Object.keys(isRecord(env) ? env : {}),
            },
          },
        ]
      : Object.values(value).flatMap(usesOf);
  }

  const found = workflows.flatMap(({ where, text }) => usesOf(parse(text)).map((use) => ({ where, text, ...use })));
  const steps = found.filter(({ uses }) => uses === 'korrigo/deploy-action@v1');
  const calls = found.filter(({ uses }) => uses !== 'korrigo/deploy-action@v1');

  it('are found', () => {
    expect(steps.map(({ where }) => where)).toEqual(expect.arrayContaining([expect.stringMatching(/^README\.md:/)]));
    expect(calls).not.toEqual([]);
  });

  /** What an expression could stand for. */
  const standIns: readonly (readonly [RegExp, string])[] = [
    [/SSH_KEY/, ssh2.utils.generateKeyPairSync('ed25519').private],
    [/KNOWN_HOSTS/, `SHA256:${'A'.repeat(43)}`],
    [/HOSTS/, 'www.example.com'],
    [/HEALTH_URL/, 'https://www.example.com/'],
    [
      /outputs\.release/,
      JSON.stringify({
        id: '20260101-000000-000000000000',
        commit: '0'.repeat(40),
        committedAt: '2026-01-01T00:00:00Z',
        project: 'shop',
        images: {},
        built: [],
      }),
    ],
    [/vars\.REGISTRY \|\|/, 'ghcr.io/acme'],
    [/inputs\.to/, 'previous'],
    [/./, 'a-value'],
  ];
  const evaluated = (text: string): string =>
    text.replaceAll(
      /\$\{\{(.*?)\}\}/g,
      (_, expression: string) => standIns.find(([name]) => name.test(expression))?.[1] ?? '',
    );

  it.each(steps)('$where gives inputs that the action takes', ({ step }) => {
    const known = inputNames.filter((name) => Object.hasOwn(step.with, name));
    expect(Object.keys(step.with).filter((name) => !known.some((input) => input === name))).toEqual([]);
    const texts: InputTexts = Object.fromEntries(known.map((name) => [name, evaluated(String(step.with[name]))]));
    expect(() => readConfig(texts, Object.fromEntries(step.env.map((name) => [name, 'a value'])))).not.toThrow();
  });

  it.each(steps.filter(({ step }) => step.id !== undefined))(
    '$where reads outputs that the action has',
    ({ text, step }) => {
      const names = [...text.matchAll(new RegExp(`steps\\.${step.id}\\.outputs\\.([\\w-]+)`, 'g'))].map(
        ([, name]) => name ?? '',
      );
      expect(names.filter((name) => !Object.hasOwn(outputs, name))).toEqual([]);
    },
  );

  it.each(calls)('$where gives inputs that $uses takes', ({ uses, step }) => {
    const path = /^korrigo\/deploy-action\/(\.github\/workflows\/[\w-]+\.yml)@v1$/.exec(uses)?.[1];
    const workflow: unknown = parse(read(path ?? uses));
    const on = isRecord(workflow) && isRecord(workflow['on']) ? workflow['on']['workflow_call'] : undefined;
    const inputs = isRecord(on) && isRecord(on['inputs']) ? on['inputs'] : {};
    expect(Object.keys(step.with).filter((name) => !Object.hasOwn(inputs, name))).toEqual([]);
  });
});

describe('links', () => {
  /** As GitHub makes the anchor of a heading. */
  const anchorsOf = (page: string): readonly string[] =>
    [
      ...read(page)
        .replaceAll(/^ *```.*?^ *```$/gms, '')
        .matchAll(/^#+ (.*)$/gm),
    ].map(([, heading = '']) =>
      heading
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '')
        .replaceAll(' ', '-'),
    );
  const links = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => ({ page, target }))
      .filter(({ target }) => !/^https?:/.test(target)),
  );

  it.each(links)('of $page: $target leads somewhere', ({ page, target }) => {
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    expect(existsSync(join(top, file))).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(file)).toContain(anchor);
  });
});

describe('shell snippets', () => {
  it.each(blocks.filter(({ language }) => language === 'sh'))('$where can be read by a shell', ({ text }) => {
    execFileSync('sh', ['-n'], { input: text, stdio: ['pipe', 'ignore', 'pipe'] });
  });

  it('of docs/server.md are what setup.sh does', () => {
    const setup = read('test/bed/images/server/setup.sh').replaceAll(/\s+/g, ' ');
    const byHand = read('docs/server.md').split('## By hand')[1]?.split('\n## ')[0] ?? '';
    const snippets = [...byHand.matchAll(/```sh\n(.*?)```/gs)].map(([, text = '']) => text);
    const commands = snippets.flatMap((text) =>
      text
        .replaceAll(/\\\n/g, '')
        .split('\n')
        .map((line) => line.trim().replaceAll(/\s+/g, ' ')),
    );
    const missing = commands.filter((command) => command !== '' && !setup.replaceAll('\\ ', '').includes(command));
    // Which packages, and whose key: there a variable, here written out.
    expect(missing).toEqual([
      expect.stringMatching(/^apt-get install -y --no-install-recommends /),
      expect.stringMatching(/^echo 'ssh-ed25519 /),
    ]);
    for (const word of missing[0]?.split(' ') ?? []) expect(setup).toContain(word);
  });
});

describe('docs/troubleshooting.md', () => {
  const sources = list('src').filter((file) => /\.(ts|sh)$/.test(file) && file !== 'server/programs.ts');
  const code = sources
    .map((file) => read(`src/${file}`))
    .join('\n')
    .replaceAll('\\`', '`');
  const messages = [...read('docs/troubleshooting.md').matchAll(/^### `(.*)`$/gm)].map(([, message = '']) => message);

  it.each(messages)('quotes a message as the code has it: %s', (message) => {
    for (const part of message.split('…')) expect(code).toContain(part.trim());
  });
});
