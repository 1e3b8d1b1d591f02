/**
 * `npm run demo`: the main job, for real, on this machine. In a terminal everything stays up to be looked at; without
 * one it only checks. Nothing of it is left afterwards, however it ends.
 */
import { once } from 'node:events';
import { constants } from 'node:os';
import { holdEngine } from '../../bed/hold.ts';
import type { Scene } from '../../fixtures/example/story.ts';
import { compare, firstDeploy, openTheBed, putUpTheScene, type Stage, secondDeploy, use } from './chapters.ts';
import { openScreen } from './screen.ts';

const screen = openScreen(process.stdout);
const started = Date.now();
const stop = new AbortController();
const isLookedAt = screen.isTerminal && process.stdin.isTTY === true;
let received: NodeJS.Signals | undefined;

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => onSignal(signal));
  if (process.env['npm_lifecycle_event']) watchParent();
  process.on('exit', screen.idle);
  process.stdout.on('error', () => {}); // a terminal that was closed; what is up must come down all the same
  const undo: (() => Promise<void>)[] = [];
  let storySeconds: number | undefined;
  const problems: string[] = [];
  try {
    await tell({ screen, signal: stop.signal }, undo);
    storySeconds = elapsed();
    if (isLookedAt) await Promise.race([once(process.stdin, 'data'), once(process.stdin, 'end'), stopped()]);
  } catch (error) {
    if (received === undefined) problems.push(error instanceof Error ? error.message : String(error));
  }
  process.stdin.unref?.();
  problems.push(...(await tidyUp(undo)));
  close(problems, storySeconds);
}

/** The last lines say how it went; so does the exit code. @param storySeconds seconds that the story took, if it got to its end */
function close(problems: readonly string[], storySeconds: number | undefined): void {
  screen.line();
  if (problems.length > 0) {
    process.exitCode = 1;
    for (const problem of problems) screen.line(` ✗ the demo failed: ${problem}`, 'red');
  } else if (storySeconds === undefined && received !== undefined) {
    process.exitCode = 128 + constants.signals[received];
    screen.line(` ✗ stopped by ${received} before the end; nothing of the demo is left on this machine`, 'red');
  } else {
    screen.item(
      '✓',
      'both deploys did what they should, and nothing of the demo is left on this machine',
      storySeconds,
    );
  }
}

/** @param undo is storySeconds, as things come up, how each goes away. */
async function tell(stage: Stage, undo: (() => Promise<void>)[]): Promise<void> {
  screen.title('Korrigo Deploy: from a commit to a healthy server');
  screen.chapter(
    'A registry and a server',
    'Both are real, in containers on this machine: a registry with TLS and passwords, and a Debian with sshd and a Docker Engine of its own.',
  );
  undo.push(await engine(stage));
  const bed = await openTheBed(stage);
  undo.push(bed.down);
  const scene = await putUpTheScene(stage, bed);
  await firstDeploy(stage, scene);
  const copy = await use(stage, scene);
  const containers = await scene.containers();
  const commit = await secondDeploy(stage, scene);
  await compare(stage, scene, { containers, copy }, commit);
  lookAround(scene);
}

async function engine({ signal }: Stage): Promise<() => Promise<void>> {
  screen.busy('Docker Engine and base images; the first time on a machine this takes a minute or two');
  const begun = Date.now();
  const onLine = (line: string): void => {
    if (screen.isTerminal) screen.tail(line);
    else screen.line(`   ${line} …`);
  };
  const { release } = await holdEngine(onLine, signal);
  screen.item('✓', 'engine      Docker with the base images', (Date.now() - begun) / 1000);
  return release;
}

function lookAround({ site, server, bed, repository, sshConfig }: Scene): void {
  const { address, username, password } = bed.registry;
  screen.chapter(
    isLookedAt ? 'Look around' : 'Addresses',
    isLookedAt ? 'All of it is up, and yours to try.' : 'In a terminal all of it would stay up now, to be looked at.',
  );
  screen.line(`   site        ${site.url}/`);
  if (process.env['SSH_CONNECTION'])
    screen.line(
      `               from elsewhere: ssh -L 8080:${server.ip}:80 <this machine>, then http://localhost:8080/`,
    );
  screen.line(`   server      ssh -F ${sshConfig} server`);
  screen.line('               cd /opt/korrigo/current && docker compose ps');
  screen.line(`   registry    https://${address}, user ${username}, password ${password}`);
  screen.line(`   repository  ${repository.folder}`);
  if (isLookedAt) screen.line('\n   Enter or Ctrl-C removes all of it.', 'bold');
}

/** Removes everything, last come first. Returns what could not be removed. */
async function tidyUp(undo: readonly (() => Promise<void>)[]): Promise<readonly string[]> {
  const problems: string[] = [];
  screen.busy('removing everything');
  for (const step of undo.toReversed()) {
    await step().catch((error: unknown) => void problems.push(error instanceof Error ? error.message : String(error)));
  }
  screen.idle();
  return problems;
}

/** The first signal ends the demo in good order, the second at once: the guards of the bed clean up behind it. */
function onSignal(signal: NodeJS.Signals): void {
  screen.idle();
  if (received !== undefined) process.exit(128 + constants.signals[signal]);
  received = signal;
  screen.busy('stopping');
  stop.abort();
}

/** Whoever kills npm means this program. */
function watchParent(): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onSignal('SIGTERM');
  }, 1000);
  timer.unref();
}

async function stopped(): Promise<void> {
  if (!stop.signal.aborted) await once(stop.signal, 'abort');
}

const elapsed = (): number => (Date.now() - started) / 1000;

await main();
