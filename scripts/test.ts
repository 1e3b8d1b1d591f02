/**
 * `npm test`: all tests, with whatever they need. First those of the code alone, then those against a real engine,
 * registry and servers, on one engine that runs from the first to the last of them.
 *
 *     npm test                     everything
 *     npm test -- test/config      files whose path contains this
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { type Held, holdEngine } from '../bed/hold.ts';
import { durationsOf, type FileDuration } from './durations.ts';

const top = join(import.meta.dirname, '..');
const results = join(top, '.cache/tests');

/** What came of a project, as .ci/run reads it too. */
export type Outcome = {
  readonly project: string;
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
  readonly seconds: number;
};

const filters = process.argv.slice(2);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());

async function main(): Promise<void> {
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const outcomes = [await runProject('unit', []), await runEndToEnd()];
  writeFileSync(join(results, 'summary.json'), JSON.stringify(outcomes, undefined, 2));
  summarise(outcomes);
}

async function runEndToEnd(): Promise<Outcome> {
  const started = Date.now();
  let held: Held | undefined;
  try {
    console.log('\nDocker Engine and base images; the first time on a machine this takes a minute or two');
    held = await holdEngine((line) => console.log(`  ${line}`), stop.signal);
    // One file more than there are processors: each of them waits for containers much of its time. That keeps them busy; with two
    // more, what has to happen within seconds happens late.
    const files = availableParallelism() + 1;
    return await runProject('e2e', ['--fileParallelism', '--maxWorkers', String(files)]);
  } catch (error) {
    const problem = stop.signal.aborted
      ? 'stopped before the end'
      : String(error instanceof Error ? error.message : error);
    return { project: 'e2e', passed: 0, skipped: 0, failures: [problem], seconds: (Date.now() - started) / 1000 };
  } finally {
    await held?.release();
  }
}

async function runProject(project: string, options: readonly string[]): Promise<Outcome> {
  const started = Date.now();
  const report = join(results, `${project}.json`);
  const args = ['run', '--project', project, ...options, ...filters, '--passWithNoTests'];
  const own = join(import.meta.dirname, 'durations.ts');
  const reporters = ['--reporter', 'default', '--reporter', own, '--reporter', 'json', '--outputFile.json', report];
  const code = await runVitest([...args, ...reporters]);
  const outcome = readOutcome(report);
  const failures =
    code === 0 || outcome.failures.length > 0
      ? outcome.failures
      : [`vitest ended with ${code ?? 'a signal'}, see above`];
  return { project, ...outcome, failures, seconds: (Date.now() - started) / 1000 };
}

async function runVitest(args: readonly string[]): Promise<number | null> {
  if (stop.signal.aborted) return null;
  const program = join(top, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [program, ...args], { cwd: top, stdio: ['ignore', 'inherit', 'inherit'] });
  stop.signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  return await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
}

type Report = {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
};

function readOutcome(path: string): Pick<Outcome, 'passed' | 'skipped' | 'failures'> {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    return { passed: 0, skipped: 0, failures: ['vitest left no report, see above'] };
  }
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const failures = report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults
      .filter((test) => test.status === 'failed')
      .map(({ fullName, failureMessages = [] }) => [fullName, ...beginningOf(failureMessages[0])].join('\n'));
    // A file that cannot be loaded, or whose beforeAll failed, has no test that failed.
    const lines = failed.length === 0 && status === 'failed' ? [message.trim().split('\n')[0] || 'failed'] : failed;
    return lines.map((line) => `${relative(top, name)}: ${line}`);
  });
  const count = (status: string): number => tests.filter((test) => test.status === status).length;
  return { passed: count('passed'), skipped: tests.length - count('passed') - count('failed'), failures };
}

/** Its first lines, so that the end of a long log says what was wrong. */
const beginningOf = (message = ''): readonly string[] =>
  message
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trim().startsWith('at '))
    .slice(0, 4)
    .map((line) => line.slice(0, 300));

function summarise(outcomes: readonly Outcome[]): void {
  console.log('');
  for (const { project, passed, skipped, failures, seconds } of outcomes) {
    const counts = [`${passed} passed`, ...(skipped > 0 ? [`${skipped} skipped`] : []), `${failures.length} failed`];
    console.log(
      `${failures.length === 0 ? '✓' : '✗'} ${project.padEnd(5)} ${counts.join(', ')} (${seconds.toFixed(0)} s)`,
    );
    for (const failure of failures) console.log(`  ✗ ${failure.replaceAll('\n', '\n    ')}`);
  }
  showSlowest(outcomes.flatMap(({ project }) => readDurations(project)));
  const failed = outcomes.flatMap(({ failures }) => failures).length;
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  console.log(failed === 0 ? `\nAll ${passed} tests passed.` : `\n${failed} failed, ${passed} passed.`);
  process.exitCode = failed === 0 && !stop.signal.aborted ? 0 : 1;
}

function readDurations(project: string): readonly FileDuration[] {
  try {
    return JSON.parse(readFileSync(durationsOf(project), 'utf8')) as readonly FileDuration[];
  } catch {
    return []; // it did not get as far as that
  }
}

function showSlowest(files: readonly FileDuration[]): void {
  if (files.length < 2) return;
  console.log('\nThe slowest files (they run side by side):');
  for (const { file, seconds } of files.toSorted((a, b) => b.seconds - a.seconds).slice(0, 10))
    console.log(`${seconds.toFixed(0).padStart(6)} s  ${file}`);
}

await main();
