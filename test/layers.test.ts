import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path/posix';
import { describe, expect, it } from 'vitest';

const src = join(import.meta.dirname, '../src');

/** The table of docs/architecture.md: what a folder may import beside itself and errors.ts. A file is meant alone. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': [],
  model: [],
  config: ['model'],
  commands: ['model'],
  hosts: ['model'],
  report: ['model'],
  log: ['model'],
  server: [],
  facts: ['model'],
  compose: ['model', 'config', 'commands'],
  plan: ['model', 'config', 'commands'],
  engine: ['model', 'commands', 'facts', 'report', 'hosts/host.ts', 'log/log.ts'],
  flows: [
    'model',
    'config',
    'commands',
    'compose',
    'plan',
    'facts',
    'engine',
    'report',
    'hosts/host.ts',
    'hosts/files.ts',
  ],
  'run.ts': ['model', 'config', 'flows'],
  github: ['model', 'report', 'log'],
};

/** They choose the adapters, and may import anything. */
const shells = ['action.ts', 'post.ts', 'cli.ts', 'main.ts', 'shell.ts', 'ports.ts'];

/** The text of the programs for servers is asked for by name in one place, and shipped nowhere else. */
const generatedPrograms = ['commands/server.ts'];

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

const inner = files.filter((file) => !shells.includes(file));

describe('the layers', () => {
  it('are all in the table', () => {
    const layers = new Set(inner.map(layerOf));
    expect([...layers].sort()).toEqual(Object.keys(mayImport).sort());
  });

  it('find the imports of every file', () => {
    expect(importsOf('engine/probe.ts')).toContain('engine/verdict.ts');
    expect(importsOf('main.ts')).toEqual(['action.ts', 'post.ts', 'cli.ts']);
    expect(inner.flatMap(importsOf).filter((name) => name.endsWith('.ts') && !isOwn(name))).toEqual([]);
  });

  it.each(inner)('let %s import only what its folder may', (file) => {
    expect(importsOf(file).filter((name) => isOwn(name) && !isAllowed(file, name))).toEqual([]);
  });

  it('read the environment of the process in the shells only', () => {
    expect(inner.filter((file) => /\bprocess\.env\b|\benv\b.*=\s*process\b/.test(text(file)))).toEqual([]);
  });

  it('know GitHub only in its folder and in the shells', () => {
    const aware = inner.filter((file) => importsOf(file).some((name) => name.startsWith('@actions/')));
    expect(aware.filter((file) => layerOf(file) !== 'github')).toEqual([]);
  });
});
