/** The engine of the test bed with its base images, for as long as this process lives (bed/guard.sh sees to that). */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { script } from './engine.ts';
import { BEDS, startGuard } from './guard.ts';

export type Held = {
  /** Lets go of it. Whoever does so last stops it, unless it is the machine's own or was started to stay. */
  readonly release: () => Promise<void>;
};

/**
 * Beds then start and end within it. About 90 s on a machine that never had one, half a second when it runs.
 * @param onLine hears what is being fetched or built. Throws an Error that says what is missing on this machine.
 */
export async function holdEngine(onLine: (line: string) => void, signal?: AbortSignal): Promise<Held> {
  const id = `hold-${randomBytes(3).toString('hex')}`;
  const folder = `${BEDS}/${id}`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { release } = await startGuard(id, folder);
  const keep = process.env['KORRIGO_BED_KEEP'] === '1';
  try {
    // Not to be interrupted: half a start is harder to undo than a whole one.
    await follow([script('engine.sh'), 'up', ...(keep ? [] : ['--for-bed'])], onLine);
    await follow([script('images.sh'), 'up'], onLine, signal);
    return { release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function follow(argv: readonly string[], onLine: (line: string) => void, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const [file = '', ...args] = argv;
  const said: string[] = [];
  // In a group of its own, to be ended as a whole; and a Ctrl-C in the terminal does not reach it directly.
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const stop = (): void => void send(child.pid, 'SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    onLine(line.replace(/^bed: /, ''));
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  signal?.removeEventListener('abort', stop);
  if (signal?.aborted) await groupEnded(child.pid);
  signal?.throwIfAborted();
  if (code !== 0) throw new Error(said.slice(-20).join('\n') || `${argv.join(' ')} exited with ${code}`);
}

/** mmdebstrap removes its temporary files before it ends: as much time as that takes, and no more. */
async function groupEnded(pid: number | undefined): Promise<void> {
  for (let waited = 0; send(pid, 0); waited += 100) {
    if (waited === 30_000) send(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Whether the process group was there to get it. */
function send(pid: number | undefined, signal: NodeJS.Signals | 0): boolean {
  try {
    return pid !== undefined && process.kill(-pid, signal);
  } catch {
    return false;
  }
}
