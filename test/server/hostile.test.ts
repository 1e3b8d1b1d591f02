/** Names, paths and values that try to be code, through the programs themselves, with a real shell and a fake docker. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Sandbox, sandbox } from '../../fixtures/server.ts';
import { sourceFolder } from '../../src/commands/paths.ts';
import { readFacts } from '../../src/facts/facts.ts';

/** The facts that a program printed, each as its line, in an order of their own. */
const facts = (output: string): readonly string[] =>
  [...readFacts(output)].flatMap(([name, values]) => values.map((value) => `${name}\t${value}`)).toSorted();

const tag = 'shop-20260203-040506-c0ffee012345';
/** Writes every argument as it is, in one go since many run side by side, then what else it does. */
const docker = (rest: string): string => `printf '%s\\0' "$@" '\n' >>"$HOME/argv"\n${rest}`;

/** What docker was called with: one array a call. */
function calls(server: Sandbox): readonly (readonly string[])[] {
  const file = join(server.root, '../../argv');
  const all = existsSync(file) ? readFileSync(file, 'utf8').split('\0').slice(0, -1) : [];
  const found: string[][] = [[]];
  for (const word of all) {
    if (word === '\n') found.push([]);
    else found.at(-1)?.push(word);
  }
  return found.slice(0, -1);
}

const canaryOf = (server: Sandbox): string => join(server.root, '../../canary');

/** Text without the characters that no name, path or line can hold. */
function hostile(server: Sandbox): fc.Arbitrary<string> {
  const canary = canaryOf(server);
  const code = [
    `$(touch ${canary})`,
    `\`touch ${canary}\``,
    `;touch ${canary};`,
    `' ;touch ${canary}; '`,
    `";touch ${canary};"`,
    `|touch ${canary}`,
    `&touch ${canary}&`,
    `\${x:-$(touch ${canary})}`,
    `>${canary}`,
    `%s%n$1$*`,
    '\\',
    "'",
    '"',
    '*',
    '~',
    ' ',
    '  ',
    '-n',
    '--help',
    '..',
    '#',
    '&',
    '\\1',
    '[a-z]*',
    'é',
    '😀',
    '::error::',
  ];
  const text = fc.array(fc.oneof(fc.constantFrom(...code), fc.string({ unit: 'grapheme', maxLength: 6 })), {
    minLength: 1,
    maxLength: 4,
  });
  return text
    .map((parts) => parts.join(''))
    .filter((value) => value !== '')
    .map((value) => value.replaceAll(/[\p{Cc}\u2028\u2029]/gu, '.'));
}

const sample = <T>(arbitrary: fc.Arbitrary<T>, numRuns: number, seed = 7): readonly T[] =>
  fc.sample(arbitrary, { numRuns, seed });

function untouched(server: Sandbox): void {
  expect(existsSync(canaryOf(server))).toBe(false);
}

describe('hostile text as', () => {
  it('the image and the tag of a pull is an argument and nothing else', async () => {
    const server = sandbox({
      docker: docker(`case "$*" in version*) echo amd64 ;; 'image inspect --format'*) echo amd64 ;; esac`),
    });
    const names = [...new Set(sample(hostile(server), 150))].map((name) => `x${name.replaceAll('@', '')}`);
    const [odd = ''] = sample(hostile(server), 1, 3);
    const images = names.map((name) => `${name}@sha256:1`);
    const { code, stdout } = await server.run('pull', ['/dev/null', odd, ...images]);
    expect([code, facts(stdout)]).toEqual([0, []]);
    const tags = calls(server).filter(([verb]) => verb === 'tag');
    expect(tags.map((call) => call.join('\0')).toSorted()).toEqual(
      names.map((name) => ['tag', `${name}@sha256:1`, `${name}:${odd}`].join('\0')).toSorted(),
    );
    untouched(server);
  });

  it('an image to be pinned, and as what the engine knows of it, is text', async () => {
    const server = sandbox({
      docker: docker(
        `case "$*" in buildx*) exit 1 ;; pull*) ;; 'image inspect'*) cat "$HOME/known"; printf '%s@sha256:1\\n' "$5" ;; esac`,
      ),
    });
    const texts = [...new Set(sample(hostile(server), 100))].map((name) => `x${name.replaceAll(/[@:/]/g, '')}`);
    server.write({
      '../../known': texts
        .map((text) => `${text}x@sha256:2\n`)
        .slice(0, 5)
        .join(''),
    });
    const images = [...new Set(texts)];
    const { code, stdout } = await server.run('pin', images);
    expect(code).toBe(0);
    expect(facts(stdout)).toEqual(images.map((image) => `pinned\t${image}\t${image}@sha256:1`).toSorted());
    untouched(server);
  });

  it('the reason for which an image is refused is text', async () => {
    const server = sandbox({ docker: docker(`case $1 in pull) cat "$HOME/why" >&2; exit 1 ;; *) exit 1 ;; esac`) });
    for (const why of sample(hostile(server), 40)) {
      server.write({ '../../why': `${why} denied` });
      const { code, stdout } = await server.run('pin', ['x:1']);
      expect([code, facts(stdout)]).toEqual([0, [`refused\tx:1\t${why} denied`]]);
    }
    untouched(server);
  });

  it('user, registry and password of a login is argument and input', async () => {
    const server = sandbox({ docker: docker('cat >"$HOME/got"') });
    const words = fc.tuple(hostile(server), hostile(server), hostile(server));
    let count = 0;
    for (const [user, registry, password] of sample(words, 30)) {
      const folder = join(server.root, '../..', `login-${++count}`);
      expect((await server.run('login', [folder, registry, user], { stdin: password })).code).toBe(0);
      expect(calls(server).at(-1)).toEqual([
        '--config',
        folder,
        'login',
        '--username',
        user,
        '--password-stdin',
        registry,
      ]);
      expect(readFileSync(join(server.root, '../../got'), 'utf8')).toBe(password);
    }
    untouched(server);
  });

  it('the name of an image on the server makes a prune remove its own tags and no others', async () => {
    const server = sandbox({ docker: docker(`case "$*" in 'image ls'*) cat "$HOME/images" ;; esac`) });
    const names = [...new Set(sample(hostile(server), 1000))];
    server.write({
      '../../images': names
        .map((name) => `${name}\n`)
        .join('')
        .concat(`a $(x):${tag}\n`),
    });
    server.write({ 'releases/20260203-040507-c0ffee012345/compose.yml': '', 'history.jsonl': '' });
    expect((await server.run('prune', [server.root, 'shop', '1'])).code).toBe(0);
    expect(calls(server).filter(([verb, what]) => verb === 'image' && what === 'rm')).toEqual([
      ['image', 'rm', `a $(x):${tag}`],
    ]);
    untouched(server);
  });

  it.each(['"; x="', '$(x)', "'", 'a b', '.*', '[', '\\'])('a line of the history removes nothing: %j', async (odd) => {
    const server = sandbox({ docker: docker('') });
    server.write({
      'current/compose.yml': '',
      'history.jsonl': `{"release":"${odd}","outcome":"succeeded"}\n{"release":"../..","outcome":"succeeded"}\n`,
      '../outside': 'x',
      'shared/.env': 'x',
    });
    await server.run('prune', [server.root, 'shop', '1']);
    expect([server.read('../outside'), server.read('shared/.env')]).toEqual(['x', 'x']);
    untouched(server);
  });
});

describe('hostile text in a compose file that is resolved', () => {
  /** Compose gives this file, and the hashes of no service. */
  const resolver = (): Sandbox => {
    const server = sandbox({
      docker: docker(`case "$*" in *--hash*) ;; *config*) cat "$HOME/errors" >&2; cat "$HOME/raw.json" ;; esac`),
    });
    server.write({ '../../errors': '', [`releases/r1/${sourceFolder}/compose.yml`]: '' });
    for (const file of ['paths.tab', 'images.tab', 'variables.txt', 'env-files.txt'])
      server.write({ [`releases/r1/${file}`]: '' });
    return server;
  };
  const printed = (server: Sandbox, project: unknown): void =>
    server.write({ '../../raw.json': JSON.stringify(project, undefined, 2) });
  const dollars = (text: string): string => text.replaceAll('$', '$$$$');
  /** Compose prints every dollar twice, and reads it back as one in a value only. */
  const readKey = (key: string): string => key.replaceAll('$$', '$');
  const readKeys = <T>(values: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [readKey(key), value]));
  const resolve = async (server: Sandbox, ...options: readonly string[]) =>
    await server.run('resolve', [server.root, 'r1', 'shop', '.', ...options]);

  it('as a path is reported as it is', async () => {
    const server = resolver();
    const source = server.path(`releases/r1/${sourceFolder}`);
    const paths = [...new Set(sample(hostile(server), 600))]
      .map((text) => `p${text.replaceAll('/', '_')}q`)
      .filter((text, index, all) => all.indexOf(text) === index);
    const volumes = paths.map((path) => ({ type: 'bind', source: dollars(`${source}/${path}`), read_only: true }));
    printed(server, { services: { web: { volumes } } });
    const { code, stdout } = await resolve(server);
    expect(code).toBe(0);
    expect(facts(stdout)).toEqual(paths.map((path) => `missing\t${path}\tread by web`).toSorted());
    untouched(server);
  });

  it('as a value, a name of a service, a key or a config is sealed as it is', async () => {
    const server = resolver();
    const texts = [...new Set(sample(hostile(server), 1000).map(dollars))];
    const environment = Object.fromEntries(texts.map((text, index) => [`V${index}${text}`, text]));
    const names = texts.slice(0, 60);
    const services = names.map((text) => [
      text,
      { configs: [{ source: text }], image: text, labels: { a: text }, network_mode: `service:${text}` },
    ]);
    const configs = Object.fromEntries(names.map((text) => [text, { content: text }]));
    printed(server, { services: { web: { environment }, ...Object.fromEntries(services) }, configs });
    const { code, stderr } = await resolve(server);
    expect([code, stderr]).toEqual([0, '']);
    const sealed = parse(server.read('releases/r1/compose.yml'));
    for (const name of names) delete sealed.services[readKey(name)].labels['korrigo.files'];
    expect(sealed).toEqual({
      services: { web: { environment: readKeys(environment) }, ...readKeys(Object.fromEntries(services)) },
      configs: readKeys(configs),
    });
    untouched(server);
  });

  it('as an option or a message of Compose is not run', async () => {
    const server = resolver();
    printed(server, { services: { web: { image: 'x@sha256:1' } } });
    for (const text of sample(hostile(server), 15)) {
      server.write({
        '../../errors': `level=warning msg="The \\"${text}\\" variable is not set. Defaulting to a blank string."\n${text}\n`,
      });
      expect((await resolve(server, '--file', text)).code).toBe(0);
      // The files are read once; then the sealed one, for its hashes.
      const [read, hashed, ...more] = calls(server)
        .filter((words) => words.includes('config'))
        .slice(-2);
      expect([read, hashed, more]).toEqual([
        expect.arrayContaining([text, 'json']),
        expect.arrayContaining(['--hash']),
        [],
      ]);
    }
    untouched(server);
  });
});
