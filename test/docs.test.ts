import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path/posix';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { ed25519Pair } from '../fixtures/key-pair.ts';
import { type Block, blocksOf, readPage as read } from '../fixtures/pages.ts';
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from '../fixtures/workflow-parser.ts';
import { documents } from '../scripts/docs.ts';
import { isDrawnFrom } from '../scripts/pictures/png.ts';
import { drawTerminal } from '../scripts/pictures/terminal.ts';
import { drawn } from '../scripts/pictures.ts';
import { readRawFile } from '../src/compose/raw.ts';
import { commandNames } from '../src/config/config.ts';
import { type InputTexts, inputNames, inputOf } from '../src/config/inputs.ts';
import { readConfig } from '../src/config/read.ts';
import { isRecord } from '../src/model/release.ts';
import { outputs } from '../src/report/outputs.ts';

const top = join(import.meta.dirname, '..');
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

const blocks = pages.flatMap(blocksOf);
const yamls = blocks.filter(({ language }) => language === 'yaml');
const isCompose = ({ text }: Block): boolean => /^services:/m.test(text);
const composeFiles = yamls.filter(isCompose);
const workflows = [
  ...yamls.filter((block) => !isCompose(block)),
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

describe('pictures', () => {
  it.each(Object.entries(drawn()))(
    'docs/%s is drawn from what was recorded (npm run pictures -- --render)',
    (name, text) => {
      expect(read(`docs/${name}`)).toBe(text);
    },
  );

  const texts = (svg: string): string =>
    svg
      .replaceAll(/<(style|title)>.*?<\/\1>/gs, '')
      .replaceAll(/<[^>]*>/g, '')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&')
      .replaceAll(/\s+/g, ' ');

  it('of a terminal show every line, however long it is, and whatever is in it', () => {
    const long = 'word '.repeat(60).trim();
    const svg = drawTerminal(
      'korrigo status',
      `Plan\n  ✗ web1: <b> & co (1.2 s)\n  → ${long}\n    web  recreate  image\n`,
    );
    expect(texts(svg)).toContain('$ korrigo status');
    expect(texts(svg)).toContain('✗ web1: <b> & co (1.2 s)');
    expect(texts(svg).match(/word/g)).toHaveLength(60);
    expect(svg).not.toMatch(/<b>|& /);
  });

  const markdown = list('docs/pictures').filter((file) => file.endsWith('.md'));
  it.each(markdown)('docs/pictures/%s was drawn as it is now (npm run pictures -- --render)', (file) => {
    const picture = readFileSync(join(top, 'docs/pictures', file.replace(/\.md$/, '.png')));
    expect(isDrawnFrom(picture, read(`docs/pictures/${file}`))).toBe(true);
  });
});

describe('action.yml', () => {
  const action: unknown = parse(read('action.yml'));
  const section = (name: string): Readonly<Record<string, unknown>> => {
    const value = isRecord(action) ? action[name] : undefined;
    return isRecord(value) ? value : {};
  };

  it('runs the bundle on Node 24, and always cleans up', () => {
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

  it('begin, in the README, with a step that is also in its workflow', () => {
    const [first, second] = blocksOf('README.md').filter(({ language }) => language === 'yaml');
    const [step] = usesOf(parse(first?.text ?? ''));
    expect(step?.step.with).toHaveProperty('migrate');
    expect(usesOf(parse(second?.text ?? ''))).toEqual([step]);
  });

  it('are found', () => {
    expect(steps.map(({ where }) => where)).toEqual(expect.arrayContaining([expect.stringMatching(/^README\.md:/)]));
    expect(calls).not.toEqual([]);
  });

  /** What an expression could stand for. */
  const standIns: readonly (readonly [RegExp, string])[] = [
    [/SSH_KEY/, ed25519Pair().private],
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
    [/./, 'a.value'],
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

  it.each(workflows)('$where runs one deploy at a time and keeps all that wait', ({ text }) => {
    const groups = concurrenciesOf(parse(text));
    for (const group of groups) expect(group).toEqual(oneAtATime);
    const whole = isRecord(parse(text)) && Object.hasOwn(parse(text), 'on');
    // A reusable workflow has its own.
    const changes = usesOf(parse(text)).some(
      ({ uses, step }) =>
        uses === 'korrigo/deploy-action@v1' && !['test', 'status'].includes(String(step.with['command'])),
    );
    if (whole && changes) expect(groups).not.toEqual([]);
  });

  const oneAtATime = {
    group: expect.stringMatching(/^korrigo-[a-z]+$/),
    'cancel-in-progress': false,
    queue: 'max',
  };

  function concurrenciesOf(value: unknown): readonly unknown[] {
    if (Array.isArray(value)) return value.flatMap(concurrenciesOf);
    if (!isRecord(value)) return [];
    return Object.entries(value).flatMap(([key, inner]) => (key === 'concurrency' ? [inner] : concurrenciesOf(inner)));
  }

  it.each(calls)('$where gives inputs that $uses takes', ({ uses, step }) => {
    const path = /^korrigo\/deploy-action\/(\.github\/workflows\/[\w-]+\.yml)@v1$/.exec(uses)?.[1];
    const workflow: unknown = parse(read(path ?? uses));
    const on = isRecord(workflow) && isRecord(workflow['on']) ? workflow['on']['workflow_call'] : undefined;
    const inputs = isRecord(on) && isRecord(on['inputs']) ? on['inputs'] : {};
    expect(Object.keys(step.with).filter((name) => !Object.hasOwn(inputs, name))).toEqual([]);
  });
});

describe("GitHub's own parser", () => {
  /** A workflow around what a page shows of one. */
  function whole(text: string): string {
    const value: unknown = parse(text);
    const rest = isRecord(value) ? value : { steps: value };
    const job = { 'runs-on': 'ubuntu-latest', ...rest };
    return stringify({ on: 'push', ...(Object.hasOwn(rest, 'jobs') ? rest : { jobs: { job } }) });
  }

  async function errorsOf(name: string, content: string): Promise<readonly string[]> {
    const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
    if (value === undefined) return context.errors.getErrors().map(({ message }) => message);
    const getFileContent = async (ref: object) => {
      const path = 'path' in ref && typeof ref.path === 'string' ? ref.path : '';
      return { name: path, content: read(path) };
    };
    const options = { fetchReusableWorkflowDepth: 1 };
    const { errors = [] } = await convertWorkflowTemplate(context, value, { getFileContent }, options);
    return [
      ...new Set([
        ...context.errors.getErrors().map(({ message }) => message),
        ...errors.map(({ Message }) => Message),
      ]),
    ];
  }

  it.each(workflows)('has nothing to say against $where', async ({ where, text }) => {
    expect(await errorsOf(where, whole(text))).toEqual([]);
  });

  it('would find a mistake in a part of a workflow', async () => {
    const wrong = 'steps:\n  - uses: actions/checkout@v5\n    wiht: {}\n';
    expect(await errorsOf('part', whole(wrong))).toEqual([expect.stringContaining("Unexpected value 'wiht'")]);
  });
});

describe('compose files in the pages', () => {
  const record = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : {});
  /** The names of a list or of a mapping. */
  const names = (value: unknown): readonly string[] =>
    Array.isArray(value) ? value.filter((item) => typeof item === 'string') : Object.keys(record(value));

  it.each(composeFiles)('$where defines every service, volume, network and secret that it uses', ({ text }) => {
    const { services, volumes, networks, secrets, configs, ...others } = record(parse(text));
    expect(Object.keys(others).filter((key) => key !== 'name' && !key.startsWith('x-'))).toEqual([]);
    const defined = { volumes: names(volumes), networks: ['default', ...names(networks)], secrets: names(secrets) };
    for (const [service, body] of Object.entries(record(services))) {
      const of = record(body);
      expect(of['image'] ?? of['build'] ?? of['extends'], service).toBeDefined();
      const mounted = names(of['volumes']).map((mount) => mount.split(':')[0] ?? '');
      const used = {
        volumes: mounted.filter((name) => /^\w/.test(name)),
        networks: names(of['networks']),
        secrets: [...names(of['secrets']), ...names(record(of['build'])['secrets'])],
      };
      for (const kind of ['volumes', 'networks', 'secrets'] as const)
        expect(defined[kind], `${kind} of ${service}`).toEqual(expect.arrayContaining([...used[kind]]));
    }
    expect(names(configs)).toEqual([]); // none so far; they would be checked like secrets
  });

  it.each(composeFiles)('$where reads as the product reads it', ({ text }) => {
    expect(readRawFile(text).services).toEqual(names(record(parse(text))['services']));
  });

  it('start with the name of their file', () => {
    for (const { where, text } of composeFiles) expect(text, where).toMatch(/^# \S*compose\.yml/);
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
    [...read(page).matchAll(/(?:\]\(|<img src=")([^)\s"]+)[)"]/g)]
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

/** Programs that note how they are called, instead of doing anything. */
function stubs(scripts: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'korrigo-docs-'));
  folders.push(folder);
  for (const name of ['bin', 'home/.ssh', 'home/.config', 'work', 'work/shop', 'work/korrigo'])
    mkdirSync(join(folder, name), { recursive: true });
  for (const [name, script] of Object.entries(scripts))
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const env = { PATH: `${folder}/bin:/usr/bin:/bin`, HOME: `${folder}/home`, FOLDER: folder };
  return {
    file: (path: string): string => readFileSync(join(folder, path), 'utf8'),
    write: (path: string, text: string): void => writeFileSync(join(folder, path), text),
    sh: (text: string): string =>
      execFileSync('sh', ['-e', '-c', text], {
        cwd: join(folder, 'work'),
        env,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    /** The command-line program of these sources. */
    cli: (...args: readonly string[]): string =>
      spawnSync(process.execPath, [join(top, 'src/cli.ts'), ...args], {
        cwd: join(folder, 'work'),
        env,
        encoding: 'utf8',
      }).stderr,
  };
}
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const section = (page: string, title: string): string =>
  read(page).split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
const shellOf = (page: string, title: string): readonly string[] => {
  const inside = section(page, title);
  return blocks
    .filter(({ where, language, text }) => {
      const first = text.split('\n')[0] ?? '';
      return where.startsWith(`${page}:`) && language === 'sh' && inside.includes(first);
    })
    .map(({ text }) => text);
};

describe('the set-up', () => {
  it('work in the order they are written, in a shell', () => {
    const note = 'echo "$(basename "$0") $*" >>"$FOLDER/calls"';
    const { sh, file } = stubs({
      gh: `${note}; case "$*" in *--body*) ;; *' set '*) cat >"$FOLDER/$3" ;; esac`,
      curl: `${note}; touch setup.sh`,
      scp: note,
      // What the server does: it tells its host key, and runs the last word as a command line.
      ssh: `${note}
        case "$*" in
          *ssh_host_ed25519_key.pub) echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEFXeqKBSIPRS7v1OloeSwWaHXIS4/IFX/Q4wzQnZeEy root@www' ;;
          *shared/.env) for last; do :; done; eval "$(echo "$last" | sed "s|/opt|$FOLDER/opt|g")" ;;
        esac`,
    });
    const [key = '', hostKey = '', shared = ''] = shellOf('README.md', 'Set up');
    const [server = ''] = shellOf('docs/server.md', 'With the script');
    for (const step of [key, hostKey, server, shared]) sh(step);
    const publicKey = file('home/.ssh/deploy_key.pub').trim();
    expect(file('calls').trimEnd().split('\n')).toEqual([
      'gh secret set SSH_KEY',
      'ssh root@www.example.com cat /etc/ssh/ssh_host_ed25519_key.pub',
      'gh variable set KNOWN_HOSTS',
      'curl -fsSLO https://raw.githubusercontent.com/korrigo/deploy-action/v1/bed/images/server/setup.sh',
      'scp setup.sh root@www.example.com:',
      `ssh root@www.example.com sh setup.sh '${publicKey}'`,
      expect.stringMatching(/^ssh -i \S+\/.ssh\/deploy_key deploy@www\.example\.com docker compose version$/),
      expect.stringMatching(/^ssh -i \S+\/.ssh\/deploy_key deploy@www\.example\.com mkdir -p \/opt\/shop\/shared /),
    ]);
    expect(file('opt/shop/shared/.env')).toBe("DB_PASSWORD='in single quotes, a $ stays a $'\n");
    const texts = { command: 'status', hosts: 'deploy@www.example.com', 'project-name': 'shop' };
    const config = readConfig({ ...texts, 'ssh-key': file('SSH_KEY'), 'known-hosts': file('KNOWN_HOSTS') }, {});
    expect(config.ssh?.hostKeys).toHaveLength(1);
    expect(file('KNOWN_HOSTS')).toMatch(/^www\.example\.com ssh-ed25519 AAAA/);
  });
});

describe('workflows to copy', () => {
  const callers = list('examples/workflows');
  const paragraphs = section('docs/workflows.md', 'Workflows to copy').split(/\n(?=\*\*\[)/);
  const namesIn = (text: string): readonly string[] => [
    ...new Set([...text.matchAll(/(?:vars|secrets)\.([A-Z_]+)/g)].map(([, name = '']) => name)),
  ];

  it.each(callers)(
    '%s has a paragraph in docs/workflows.md that names each variable and secret that it reads',
    (file) => {
      const paragraph =
        paragraphs.find((text) => text.startsWith(`**[${file}](../examples/workflows/${file})**`)) ?? '';
      const text = read(`examples/workflows/${file}`);
      const called = [...text.matchAll(/deploy-action\/(\.github\/workflows\/[\w-]+\.yml)@/g)].map(
        ([, path = '']) => path,
      );
      const variables = called.flatMap((path) => read(path).match(/vars\.[A-Z_]+/g) ?? []).join(' ');
      const names = namesIn(`${text} ${variables}`);
      expect(names).toEqual(expect.arrayContaining(['HOSTS', 'KNOWN_HOSTS', 'SSH_KEY']));
      expect(names.filter((name) => !new RegExp(`\`${name}\``).test(paragraph))).toEqual([]);
    },
  );

  it.each(callers)('%s gets what it needs from the lines of its paragraph or of the set-up', (file) => {
    const text = read(`examples/workflows/${file}`);
    const perEnvironment = text.includes('staging');
    const lines = [...shellOf('README.md', 'Set up'), ...shellOf('docs/workflows.md', 'Workflows to copy')].join('');
    for (const name of ['SSH_KEY', 'KNOWN_HOSTS', 'HOSTS', 'HEALTH_URL'])
      for (const place of perEnvironment ? [' --env staging', ' --env production'] : [''])
        expect(lines).toMatch(new RegExp(`^gh (?:variable|secret) set ${name}${place}(?: --body \\S+| <\\S+|$)`, 'm'));
    for (const [, environment] of text.matchAll(/^ {4}(?:environment:| {2}name:) (staging|production\S*)$/gm))
      expect(lines).toMatch(new RegExp(`^for environment in .*\\b${environment}\\b`, 'm'));
  });
});

describe('the README', () => {
  it('has every command, in the order in which they run', () => {
    const [, commands = ''] = read('README.md').split('\n## Commands\n');
    const [table = ''] = commands.split('\n## ');
    const named = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    expect(named).toEqual(commandNames);
  });
});

describe('the command line', () => {
  // What a run printed is no instruction: there it is typed in the folder of the action.
  const examples = blocks.filter(
    ({ language, text, where }) =>
      language === 'sh' && text.includes('dist/cli.js') && !/^docs\/(?:example-run|pictures)/.test(where),
  );

  it('is shown in both READMEs and in the recipes', () => {
    const shown = new Set(examples.map(({ where }) => where.split(':')[0]));
    expect([...shown].sort()).toEqual(['README.fr.md', 'README.md', 'docs/recipes.md']);
  });

  it.each(examples)('of $where is one that the program takes', ({ text }) => {
    const stub = stubs({
      node: `for word; do printf '%s\\0' "$word"; done >"$FOLDER/call-$$"; echo "call-$$" >>"$FOLDER/calls"`,
    });
    stub.write('home/.ssh/deploy_key', ed25519Pair().private);
    stub.write('home/.ssh/known_hosts', `SHA256:${'A'.repeat(43)}`);
    for (const name of ['ghcr-token', 'registry-token']) stub.write(`home/.config/${name}`, 'a-token');
    stub.sh(text);
    const calls = stub.file('calls').trimEnd().split('\n');
    expect(calls).toHaveLength(text.match(/^(?:korrigo|node) /gm)?.length ?? 0);
    for (const call of calls) {
      const [program, ...args] = stub.file(call).split('\0').slice(0, -1);
      expect(program).toBe('../deploy-action/dist/cli.js');
      // One problem of our own, so that it ends before it does anything: it tells all problems at once.
      expect(stub.cli(...args, '--keep-releases', '1')).toMatch(
        /^(?:1 problem:\n- )?keep-releases: "1" is not a number.*\n$/,
      );
    }
  });
});

describe('shell snippets', () => {
  it.each(blocks.filter(({ language }) => language === 'sh'))('$where can be read by a shell', ({ text }) => {
    execFileSync('sh', ['-n'], { input: text, stdio: ['pipe', 'ignore', 'pipe'] });
  });

  it('of docs/server.md are what setup.sh does', () => {
    const setup = read('bed/images/server/setup.sh').replaceAll(/\s+/g, ' ');
    const byHand = section('docs/server.md', 'By hand');
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
  const messages = [...read('docs/troubleshooting.md').matchAll(/^### ``?(.*?)``?$/gm)].map(
    ([, message = '']) => message,
  );

  // What a failed deploy and `status` print, as the README shows it.
  const shown = [
    'exited with code',
    'last log lines of',
    'The rollback replaced that container',
    'no drift: the running containers match the current release',
    '  releases:',
    '  containers:',
  ];

  it.each(shown)('and the README quote what is printed: %s', (part) => {
    expect(read('README.md')).toContain(part);
    expect(code).toContain(part);
  });

  it.each(messages)('quotes a message as the code has it: %s', (message) => {
    for (const part of message.split('…')) expect(code).toContain(part.trim());
  });
});
