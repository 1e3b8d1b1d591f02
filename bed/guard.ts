/** The process that cleans up after a bed (guard.sh), and how to tell it that the bed ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { script } from './engine.ts';

export const BEDS = '/tmp/korrigo-beds';

export type Guard = {
  /** Ends the bed and waits until everything of it is gone. Throws when something could not be removed. */
  readonly release: () => Promise<void>;
};

export async function startGuard(bed: string, folder: string): Promise<Guard> {
  await mkdir(BEDS, { recursive: true });
  // A session of its own: Ctrl-C in the terminal must not end the one that cleans up.
  const child = spawn(script('guard.sh'), ['watch', bed, folder], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit');
  const ready = await Promise.race([once(child.stdout, 'data'), ended]);
  if (typeof ready[0] === 'number') throw new Error(`guard.sh exited with ${ready[0]} at its start`);
  // It must not keep its owner from ending either.
  child.unref();
  for (const stream of [child.stdin, child.stdout]) (stream as Socket).unref();

  let released: Promise<void> | undefined;
  const release = async () => {
    child.ref();
    child.stdin.end();
    const [code] = await ended;
    if (code === 0) return;
    const complaint = await readFile(`${BEDS}/${bed}.log`, 'utf8').catch(() => '');
    throw new Error(`The bed ${bed} was not removed whole: ${complaint}`);
  };
  return {
    release: () => {
      released ??= release();
      return released;
    },
  };
}
