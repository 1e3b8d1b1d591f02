/** The calls of a lease: programs that run on a host and answer at once, or within the seconds that they may wait. */
import { bytesOf, type Command, type Content } from '../model/command.ts';
import { programs } from '../server/programs.ts';

const join = (...parts: readonly string[]): string => parts.join('\n');

/** Installed on the host as lease/keeper.sh. The holder's calls run it too, which keeps their command lines short. */
export const keeper = join(
  programs['lease.sh'],
  programs['lease-end.sh'],
  programs['lease-job.sh'],
  programs['lease-finish.sh'],
  programs['lease-boot.sh'],
  programs['lease-call.sh'],
  programs['lease-stage.sh'],
  programs['lease-arm.sh'],
  programs['lease-confirm.sh'],
  programs['lease-follow.sh'],
  programs['lease-start.sh'],
  programs['keeper.sh'],
).trimEnd();

/** Calls for anyone: they need no lease. */
export const leasePrograms = {
  take: join(programs['lease.sh'], programs['lease-take.sh']),
  leave: join(programs['lease.sh'], programs['lease-leave.sh']),
  heal: join(programs['lease.sh'], programs['lease-follow.sh'], programs['lease-heal.sh']),
  show: join(programs['lease.sh'], programs['lease-show.sh']),
} as const;

function program(name: keyof typeof leasePrograms, args: readonly string[], stdin?: Content): Command {
  const argv = ['sh', '-c', leasePrograms[name], `korrigo-lease-${name}`, ...args];
  return stdin === undefined ? { argv } : { argv, stdin };
}

type CallName = 'stage' | 'arm' | 'confirm' | 'start' | 'more' | 'stop';

function call({ root, token }: LeaseKey, name: CallName, args: readonly string[], stdin?: Content): Command {
  const argv = ['sh', `${root}/lease/keeper.sh`, 'call', root, token, name, ...args];
  return stdin === undefined ? { argv } : { argv, stdin };
}

/** Where, and whose. */
export type LeaseKey = {
  /** The folder of the application, absolute. */
  readonly root: string;
  /** New for every holder: hexadecimal digits. */
  readonly token: string;
};

export type Terms = {
  readonly actor: string;
  readonly run: string | undefined;
  readonly command: string;
  readonly release: string;
  /** Without a call for this long, the host takes the lease back. */
  readonly graceSeconds: number;
  /** The folder with the registry login, which is removed at the end. */
  readonly login: string | undefined;
};

/** @param waitSeconds for the current holder */
export function takeLease({ root, token }: LeaseKey, terms: Terms, waitSeconds: number): Command {
  const { actor, run = '', command, release, graceSeconds, login = '' } = terms;
  const facts = [actor, run, command, release].map((text) => text.replace(/[\0-\x1f\x7f]+/g, ' '));
  const args = [root, token, String(keeper.length), String(waitSeconds), String(graceSeconds), login, ...facts];
  return program('take', args, keeper);
}

/** Reports the current stage; without a name it is only a sign of life. */
export function leaseStage(key: LeaseKey, name = ''): Command {
  return call(key, 'stage', [name.replace(/[\0-\x1f\x7f]+/g, ' ')]);
}

export type Undo = {
  /** A program for sh. */
  readonly script: string;
  /** The time that all its tries may take. */
  readonly limitSeconds: number;
  /** Lines for the history, one per outcome; `"time":"now"` in them becomes the time of the undo. */
  readonly rolledBack: string;
  readonly rollbackFailed: string;
};

export function armLease(key: LeaseKey, undo: Undo): Command {
  const [rolledBack, rollbackFailed] = [undo.rolledBack, undo.rollbackFailed].map((line) => `${line.trimEnd()}\n`);
  const stdin = bytesOf(`${rolledBack}${rollbackFailed}${undo.script}`);
  return call(key, 'arm', [String(stdin.length), String(undo.limitSeconds)], stdin);
}

/** @param line for the history, or nothing */
export function confirmLease(key: LeaseKey, line = ''): Command {
  const stdin = bytesOf(line);
  return call(key, 'confirm', [String(stdin.length)], stdin);
}

/** What is armed is undone, and the lease is freed. @param waitSeconds for that */
export function leaveLease({ root, token }: LeaseKey, waitSeconds: number): Command {
  return program('leave', [root, token, String(waitSeconds)]);
}

export type Healed = { readonly token: string; readonly logEnd: number; readonly retry: boolean };

/** @param waitSeconds for something new */
export function healLease(root: string, { token, logEnd, retry }: Healed, waitSeconds: number): Command {
  return program('heal', [root, token, String(logEnd), String(waitSeconds), retry ? 'yes' : 'no']);
}

export function showLease(root: string): Command {
  return program('show', [root]);
}

/** Starts a command as a job, once for each id, and waits for its first news. */
export function startJob(key: LeaseKey, id: string, job: Command, waitSeconds: number): Command {
  const stdin = bytesOf(job.stdin ?? '');
  const assignments = Object.entries(job.env ?? {}).map(([name, value]) => `${name}=${value}`);
  const args = [id, String(stdin.length), String(waitSeconds), job.cwd ?? '', ...assignments, ...job.argv];
  return call(key, 'start', args, stdin);
}

export function followJob(
  key: LeaseKey,
  id: string,
  { outEnd, errEnd }: { readonly outEnd: number; readonly errEnd: number },
  waitSeconds: number,
): Command {
  return call(key, 'more', [id, String(outEnd), String(errEnd), String(waitSeconds)]);
}

/** Ends a job with all that it started. @param killSeconds between TERM and KILL */
export function stopJob(key: LeaseKey, id: string, killSeconds: number): Command {
  return call(key, 'stop', [id, String(killSeconds)]);
}
