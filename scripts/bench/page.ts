/** Tables in docs/performance.md, each between its marks. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import type { Bed } from '../../bed/bed.ts';
import { output } from '../../bed/process.ts';

const page = join(import.meta.dirname, '../../docs/performance.md');

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Prints a table, and puts it between its marks. */
export function publish(name: string, text: string): void {
  console.log(text);
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const old = readFileSync(page, 'utf8');
  const [before = '', rest] = old.split(begin);
  const [, after] = rest?.split(end) ?? [];
  if (after === undefined) throw new Error(`${page} has no place for it: ${begin} … ${end}`);
  writeFileSync(page, `${before}${begin}\n${text}\n${end}${after}`);
}

export async function versionsOf({ engine }: Bed): Promise<string> {
  const server = await engine.docker('version', '--format', '{{.Server.Version}}');
  const compose = await engine.docker('compose', 'version', '--short');
  const kernel = await output(['uname', '-r']);
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  return `Docker Engine ${server}, Compose ${compose}, Linux ${kernel}, ${cpus().length} processors, load ${load} at the end`;
}

export const seconds = (value: number): string => `${value.toFixed(1)} s`;
