/** Shows a deploy: each step with its time, the plan as it stands, and other programs' output only while it lasts. */

import type { Scene } from '../../fixtures/example/story.ts';
import type { Screen } from './screen.ts';
import { type Line, readLine } from './transcript.ts';

/** Throws when the deploy failed; the reason is on the screen then. */
export async function showDeploy(
  { screen, signal }: { readonly screen: Screen; readonly signal: AbortSignal },
  scene: Scene,
  command: 'new' | 'known',
): Promise<void> {
  showCommand(screen, scene, command === 'known');
  const show = stageByStage(screen, scene);
  const onLine = (text: string): void => {
    const line = readLine(text);
    if (line !== undefined) show(line);
  };
  const code = await scene.deploy({ onLine, signal }).finally(screen.idle);
  if (code !== 0) throw new Error(`the deploy exited with code ${code}; it says why above`);
}

function showCommand(screen: Screen, { inputs }: Scene, isKnown: boolean): void {
  screen.line(`   $ korrigo test build push deploy${isKnown ? '          (with the same inputs)' : ''}`, 'bold');
  const rows = Object.entries(inputs).map(([name, value]) => {
    const text = value.replaceAll(/=\w+$/gm, '').replaceAll('\n', ', ');
    return `       ${name.padEnd(18)} ${text}`;
  });
  rows.push('       ssh-key, registry-password, and what goes into the env-files: by environment variables');
  for (const row of isKnown ? [] : rows) screen.line(row, 'dim');
  screen.line();
}

const stageWidth = 18;
const indent = ' '.repeat(3 + stageWidth + 1);
/** Stages whose lines are for a person, rather than steps. */
const isText = (stage: string): boolean => /^(Plan|Done|Failed)\b/.test(stage);

function stageByStage(screen: Screen, { repository }: Scene): (line: Line) => void {
  let stage = '';
  let tests = ''; // what Django says about them
  let isNamed = false; // a stage's name stands before its first line only
  const column = (): string => {
    const name = isNamed ? '' : stage;
    isNamed = true;
    // "Connect to 10.0.0.1": what follows says to whom.
    return (name.length < stageWidth ? name : (name.split(' ')[0] ?? '')).padEnd(stageWidth);
  };
  const short = (text: string): string =>
    text.replaceAll(`${repository.folder}/`, '').replaceAll(/(sha256:[0-9a-f]{12})[0-9a-f]{52}/g, '$1…');
  return (line) => {
    switch (line.kind) {
      case 'stage':
        if (isText(line.title) || isText(stage)) screen.line();
        if (isText(line.title)) screen.line(`   ${line.title}`, 'bold');
        [stage, isNamed] = [line.title, false];
        screen.busy(isText(stage) ? '' : stage);
        return;
      case 'step': {
        const where = line.host === 'local' ? 'runner' : 'server';
        screen.item(line.ok ? '✓' : '✗', `${column()} ${where}  ${short(line.title)}`, line.seconds);
        if (tests !== '') screen.line(`${indent}${tests}`, 'dim');
        tests = '';
        screen.busy(stage);
        return;
      }
      case 'output':
        screen.tail(line.text);
        tests = /\bRan \d+ tests? in .*/.exec(line.text)?.[0] ?? tests;
        return;
      case 'info':
        if (isText(stage)) screen.line(`   ${short(line.text)}`, styleOf(line.text));
        // In a terminal the moving line says as much as the heartbeat of a long step.
        else if (!line.text.startsWith('… ') || !screen.isTerminal) screen.line(`${indent}${short(line.text)}`, 'dim');
    }
  };
}

function styleOf(text: string): Parameters<Screen['line']>[1] {
  const action = /^ +\S+ +(create|recreate|start|remove|keep)\b/.exec(text)?.[1];
  if (action === 'keep') return 'dim';
  if (action !== undefined) return action === 'remove' ? 'red' : 'yellow';
  if (text.startsWith('✓')) return 'green';
  return text.startsWith('✗') ? 'red' : undefined;
}
