/** What .ci/run does: every check and all tests, whatever fails. The last line counts them. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Held, holdEngine } from '../../bed/hold.ts';
import type { Outcome } from '../test.ts';
import { checks, checksWithDocker } from './checks.ts';
import { Finding, top } from './command.ts';

const count = { passed: 0, failed: 0 };

async function main(): Promise<void> {
  let held: Held | undefined;
  // On a new machine minutes, much of them waiting for downloads: beside the checks that need no engine.
  const engine = check('Docker Engine and base images', async () => {
    held = await holdEngine((line) => console.log(`  ${line} …`));
  });
  for (const [name, run] of Object.entries(checks)) await check(name, run);
  await engine;
  for (const [name, run] of Object.entries(checksWithDocker)) await check(name, run);
  await runTests();
  if (held !== undefined) await check('everything is taken down again', held.release);
  console.log(`\n${count.passed} passed, ${count.failed} failed`);
  process.exitCode = count.failed === 0 ? 0 : 1;
}

async function check(name: string, run: () => Promise<void>): Promise<void> {
  const started = Date.now();
  const time = (): string => `(${((Date.now() - started) / 1000).toFixed(0)} s)`;
  try {
    await run();
    count.passed += 1;
    console.log(`✓ ${name} ${time()}`);
  } catch (error) {
    count.failed += 1;
    const text = error instanceof Finding ? error.message : String(error instanceof Error ? error.stack : error);
    console.log(`✗ ${name} ${time()}\n${text.replaceAll(/^(?=.)/gm, '    ')}`);
  }
}

/** Each test counts. Their output is shown as it comes: they take minutes. */
async function runTests(): Promise<void> {
  const summary = join(top, '.cache/tests/summary.json');
  rmSync(summary, { force: true });
  const child = spawn('npm', ['test'], { cwd: top, stdio: ['ignore', 'inherit', 'inherit'] });
  const code = await new Promise<number | null>((resolve) =>
    child.on('error', () => resolve(null)).on('close', resolve),
  );
  try {
    const outcomes = JSON.parse(readFileSync(summary, 'utf8')) as readonly Outcome[];
    const failed = outcomes.flatMap(({ failures }) => failures).length;
    count.passed += outcomes.reduce((sum, { passed }) => sum + passed, 0);
    count.failed += failed;
    if (code === 0 || failed > 0) return;
  } catch {
    // It did not get as far as its summary.
  }
  await check('npm test', async () => {
    throw new Finding(`ended with ${code ?? 'a signal'}, see above`);
  });
}

await main();
