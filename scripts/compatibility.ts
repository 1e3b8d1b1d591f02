/**
 * The table of docs/compatibility.md: runs the life of an application (test/e2e/beds.e2e.test.ts) on each kind of bed, and
 * writes what came of it.
 *
 *     npm run compatibility                       every kind of bed
 *     npm run compatibility -- newest compose-5   these, and the other rows stay
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KINDS, type KindName, upBed } from '../bed/bed.ts';
import { run } from '../bed/process.ts';

const top = join(import.meta.dirname, '..');
const page = join(top, 'docs/compatibility.md');

async function main(): Promise<void> {
  const asked = process.argv.slice(2);
  const names = Object.keys(KINDS) as KindName[];
  const unknown = asked.filter((name) => !(name in KINDS));
  if (unknown.length > 0) throw new Error(`There is no bed ${unknown.join(', ')}. There are ${names.join(', ')}.`);
  for (const name of names.filter((kind) => asked.length === 0 || asked.includes(kind))) {
    const facts = await factsOf(name);
    const cells = [...facts, await resultOf(name), new Date().toISOString().slice(0, 10)];
    writeFileSync(page, withRow(readFileSync(page, 'utf8'), `| \`${name}\` | ${cells.join(' | ')} |`));
    console.log(`${name}: ${cells.join(', ')}`);
  }
}

/** What the bed's own programs say of themselves. */
async function factsOf(kind: KindName): Promise<readonly string[]> {
  const bed = await upBed({ kind });
  try {
    const server = await bed.server();
    const onServer = async (line: string): Promise<string> => (await server.ssh(line)).stdout.trim();
    const buildx = await run(['docker', 'buildx', 'version'], { env: bed.engine.env });
    const busybox = await onServer('busybox 2>/dev/null | head -n 1');
    const sshd = await server.exec(['sh', '-c', 'dropbear -V 2>&1 || ssh -V 2>&1']);
    return [
      await onServer("docker version --format '{{.Server.Version}}'"),
      await onServer('docker compose version --short'),
      /\d+\.\d+\.\d+/.exec(buildx.stdout)?.[0] ?? '',
      await onServer("docker info --format '{{.Driver}}'"),
      busybox ? `BusyBox ${/\d[\d.]*/.exec(busybox)?.[0]}` : 'GNU',
      /(?:OpenSSH_|Dropbear v)[\w.]+/.exec(sshd.stdout)?.[0].replace(/_| v/, ' ') ?? '',
    ];
  } finally {
    await bed.down();
  }
}

/** How many of the tests passed. */
async function resultOf(kind: KindName): Promise<string> {
  const folder = join(top, '.cache/tests');
  mkdirSync(folder, { recursive: true });
  const report = join(folder, `bed-${kind}.json`);
  await vitest(['--project', 'e2e', '/beds.e2e.test.ts', '--outputFile.json', report], kind);
  const { numPassedTests, numTotalTests } = JSON.parse(readFileSync(report, 'utf8'));
  return `${numPassedTests} of ${numTotalTests}`;
}

async function vitest(args: readonly string[], kind: KindName): Promise<void> {
  const program = join(top, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter', 'default', '--reporter', 'json'];
  const child = spawn(process.execPath, [program, 'run', ...args, ...reporters], {
    cwd: top,
    env: { ...process.env, KORRIGO_BED: kind },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  // A test that failed is a number in the table.
  await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
}

/** The page with this row in place of the one of the same bed, or after the last. */
function withRow(text: string, row: string): string {
  const name = row.slice(0, row.indexOf('|', 1) + 1);
  const lines = text.split('\n');
  const at = lines.findIndex((line) => line.startsWith(name));
  if (at >= 0) return lines.with(at, row).join('\n');
  const last = lines.findLastIndex((line) => line.startsWith('|'));
  return lines.toSpliced(last + 1, 0, row).join('\n');
}

await main();
