import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path/posix';
import { describe, expect, it } from 'vitest';

const src = join(import.meta.dirname, '../src');

/** The table of docs/architecture.md: what a folder may import beside itself and errors.ts. A file is meant alone. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': ['model'],
  model: [],
  config: ['model'],
  commands: ['model'],
  hosts: ['model'],
  facts: ['model'],
  report: ['model', 'facts'],
  log: ['model'],
  server: [],
  compose: ['model', 'config', 'commands'],
  plan: ['model', 'config', 'commands', 'facts'],
  engine: ['model', 'commands', 'facts', 'hosts/host.ts', 'hosts/abort.ts', 'hosts/output.ts', 'log/log.ts'],
  flows: [
    'model',
    'config',
    'commands',
    'facts',
    'compose',
    'plan',
    'engine',
    'report',
    'hosts/host.ts',
    'hosts/files.ts',
  ],
  'run.ts': ['model', 'config', 'flows', 'log/turns.ts'],
  github: ['model', 'report', 'log'],
};

/** They choose the adapters, and may import anything. */
const shells = ['action.ts', 'post.ts', 'cli.ts', 'main.ts', 'shell.ts', 'ports.ts'];

/** The text of the programs for servers is asked for by name in two places, and shipped nowhere else. */
const generatedPrograms = ['commands/program.ts', 'commands/lease.ts'];

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .sort();
const text = (file: string): string => readFileSync(join(src, file), 'utf8');
const layerOf = (file: string): string => file.split('/')[0] ?? '';

/** What a file imports: paths from src for its own modules, names for packages. */
function importsOf(file: string): readonly string[] {
  const found = text(file).matchAll(/(?:from|import)\s*\(?\s*(?:\/\*.*?\*\/\s*)?'([^']+)'/g);
  return [...found].flatMap(([, name = '']) =>
    name.startsWith('.') ? relative(src, join(src, dirname(file), name)) : name,
  );
}

const isOwn = (name: string): boolean => files.includes(name);
const isAllowed = (file: string, name: string): boolean =>
  name === 'errors.ts' ||
  layerOf(name) === layerOf(file) ||
  (name === 'server/programs.ts' && generatedPrograms.includes(file)) ||
  (mayImport[layerOf(file)] ?? []).some((allowed) => name === allowed || name.startsWith(`${allowed}/`));

/** The files that import themselves by way of others, however long. */
function circles(all: readonly string[], imports: (file: string) => readonly string[]): readonly string[] {
  const reach = (file: string, seen = new Set<string>()): ReadonlySet<string> => {
    for (const name of imports(file)) {
      if (seen.has(name)) continue;
      seen.add(name);
      reach(name, seen);
    }
    return seen;
  };
  return all.filter((file) => reach(file).has(file));
}

const inner = files.filter((file) => !shells.includes(file));

describe('the layers', () => {
  it('are all in the table', () => {
    const layers = new Set(inner.map(layerOf));
    expect([...layers].sort()).toEqual(Object.keys(mayImport).sort());
  });

  it('find the imports of every file', () => {
    expect(importsOf('engine/probe.ts')).toContain('facts/verdict.ts');
    expect(importsOf('main.ts')).toEqual(['action.ts', 'post.ts', 'cli.ts']);
    expect(inner.flatMap(importsOf).filter((name) => name.endsWith('.ts') && !isOwn(name))).toEqual([]);
  });

  it.each(inner)('let %s import only what its folder may', (file) => {
    expect(importsOf(file).filter((name) => isOwn(name) && !isAllowed(file, name))).toEqual([]);
  });

  it('have no two files that import each other, however long the way', () => {
    expect(circles(files, (file) => importsOf(file).filter(isOwn))).toEqual([]);
  });

  it('make steps in plan/ only', () => {
    const makers = inner.filter((file) => /\bkind: '(?:run|write)'/.test(text(file)) && layerOf(file) !== 'plan');
    expect(makers).toEqual(['engine/apply.ts', 'model/plan.ts', 'model/switch.ts']);
  });

  it('read the environment of the process in the shells only', () => {
    expect(inner.filter((file) => /\bprocess\.env\b|\benv\b.*=\s*process\b/.test(text(file)))).toEqual([]);
  });

  it('know GitHub in its folder and the shells only, and @actions/exec where programs of this machine are started', () => {
    const known = inner.flatMap((file) =>
      importsOf(file).flatMap((name) => (name.startsWith('@actions/') ? [[file, name]] : [])),
    );
    const elsewhere = known.filter(([file = '']) => layerOf(file) !== 'github');
    expect(elsewhere).toEqual([['hosts/program.ts', '@actions/exec']]);
  });

  it('make connections in hosts only', () => {
    const connecting = inner.filter((file) => importsOf(file).some((name) => name === 'node-ssh'));
    expect(connecting.filter((file) => layerOf(file) !== 'hosts')).toEqual([]);
  });
});

/** What the folders at the top may import beside themselves. A file is meant alone. */
const besides: Readonly<Record<string, readonly string[]>> = {
  src: [],
  bed: [],
  fixtures: ['bed', 'src'],
  scripts: ['bed', 'fixtures', 'src'],
  // Of the scripts, those that are tested.
  test: [
    'bed',
    'fixtures',
    'src',
    'scripts/docs.ts',
    'scripts/workflows.ts',
    'scripts/pictures.ts',
    'scripts/pictures',
  ],
};

const top = join(src, '..');
const modules = Object.keys(besides).flatMap((folder) =>
  readdirSync(join(top, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file))
    .sort(),
);
const importedBy = (module: string): readonly string[] =>
  [...readFileSync(join(top, module), 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^'\n]+\.ts)'/g)].map(
    ([, path = '']) => join(dirname(module), path),
  );

describe('the folders at the top', () => {
  const outside = modules.filter((module) => !module.startsWith('src/'));

  it('find the imports of every file', () => {
    expect(importedBy('fixtures/example/story.ts')).toContain('fixtures/korrigo.ts');
    expect(outside.flatMap(importedBy).filter((path) => !modules.includes(path))).toEqual([]);
  });

  it.each(Object.entries(besides))('let %s/ import only what is beside it in the table', (folder, others) => {
    const allowed = [folder, ...others];
    const isAllowed = (path: string): boolean => allowed.some((it) => path === it || path.startsWith(`${it}/`));
    const forbidden = modules
      .filter((module) => module.startsWith(`${folder}/`))
      .flatMap((module) => importedBy(module).map((path) => ({ module, path })))
      .filter(({ path }) => !isAllowed(path));
    expect(forbidden).toEqual([]);
  });

  it('have no two files that import each other, however long the way', () => {
    expect(circles(outside, importedBy)).toEqual([]);
  });
});
