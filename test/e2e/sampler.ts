/** Looks at the processes of a machine all the time: what anybody who is logged in there could see. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from '../bed/bed.ts';

export type Findings = {
  /** `cmdline` or `environ`, and the line in which a needle was seen. */
  readonly found: readonly string[];
  readonly samples: number;
  /** Between two looks, on average. */
  readonly milliseconds: number;
};

export type Sampler = { stop(): Promise<Findings> };

/**
 * This machine: the command lines of all processes, and the environments of our descendants.
 * @param allowed whose environment may hold secrets: a program that takes its inputs from there.
 */
export function watchHere(needles: readonly string[], allowed: ReadonlySet<number>): Sampler {
  const found = new Set<string>();
  const started = Date.now();
  let [samples, stopping] = [0, false];
  const sees = (text: string): boolean => needles.some((needle) => text.includes(needle));
  const look = (): void => {
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const parents = new Map(processes.map((pid) => [Number(pid), parentOf(pid)]));
    const programs = [...allowed].map((pid) => read(`/proc/${pid}/cmdline`));
    for (const pid of processes) {
      const commandLine = read(`/proc/${pid}/cmdline`);
      if (sees(commandLine)) found.add(`cmdline ${plain(commandLine)}`);
      if (!isOurs(Number(pid), parents) || !sees(read(`/proc/${pid}/environ`))) continue;
      // A child is a copy of its parent for an instant: only what it shows as a program of its own counts.
      if (programs.includes(read(`/proc/${pid}/cmdline`))) continue;
      const environment = read(`/proc/${pid}/environ`);
      if (sees(environment)) found.add(`environ ${plain(environment)}`);
    }
    samples += 1;
  };
  const watching = (async () => {
    while (!stopping) {
      look();
      await sleep(10);
    }
  })();
  return {
    stop: async () => {
      stopping = true;
      await watching;
      return { found: [...found], samples, milliseconds: (Date.now() - started) / samples };
    },
  };
}

const plain = (text: string): string => text.replaceAll('\0', ' ').trim();

const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // it has ended
  }
};

const parentOf = (pid: string): number => Number(/\) \S (\d+)/.exec(read(`/proc/${pid}/stat`))?.[1] ?? 0);

function isOurs(pid: number, parents: ReadonlyMap<number, number>): boolean {
  for (let at = parents.get(pid) ?? 0; at > 1; at = parents.get(at) ?? 0) if (at === process.pid) return true;
  return false;
}

const program = `
cat >/root/needles
rm -f /root/stop
echo ready
start=$(date +%s%N) count=0
while [ ! -e /root/stop ]; do
  cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -aFf /root/needles | sed 's/^/cmdline /'
  cat $(pgrep -u deploy | sed 's|.*|/proc/&/environ|') /dev/null 2>/dev/null | tr '\\0' '\\n' |
    grep -aFf /root/needles | sed 's/^/environ /'
  find /tmp -maxdepth 1 -name '.login-*' -perm /077 -printf 'readable %p\\n' 2>/dev/null
  count=$((count + 1))
  sleep 0.01
done
echo "samples $count $((($(date +%s%N) - start) / 1000000))"
rm -f /root/needles /root/stop
`;

/** A server: the command lines of all processes, the environments of the deploy user's, and the modes of logins. */
export async function watchServer(server: Server, needles: readonly string[]): Promise<Sampler> {
  const watching = server.exec(['sh', '-c', program], { stdin: needles.map((needle) => `${needle}\n`).join('') });
  for (;;) {
    if ((await server.exec(['test', '-s', '/root/needles'])).code === 0) break;
  }
  return {
    stop: async () => {
      await server.exec(['touch', '/root/stop']);
      const lines = (await watching).stdout.trim().split('\n').slice(1);
      const [, samples, milliseconds] = (lines.at(-1) ?? '').split(' ').map(Number);
      const found = [...new Set(lines.slice(0, -1))];
      return { found, samples: samples ?? 0, milliseconds: (milliseconds ?? 0) / (samples ?? 1) };
    },
  };
}
