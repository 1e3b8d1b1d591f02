import { isRecord, parseJson } from './release.ts';

/** A deploy or rollback of a release on a server, however it ended. */
export type Attempt = {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly command: 'deploy' | 'rollback';
  readonly release: string;
  readonly commit: string;
  readonly committedAt: string;
  /** `started`: it was interrupted, or is still running. */
  readonly outcome: 'started' | 'succeeded' | 'rolled-back' | 'rollback-failed' | 'failed';
  /** Whether any running container was touched. */
  readonly switched: boolean;
  /** The release that was current before. */
  readonly previous: string | undefined;
  /** Whether it was allowed to deploy an older commit. */
  readonly allowOlder: boolean;
  readonly actor: string;
  readonly run: string | undefined;
  readonly reason: string | undefined;
};

/** One line of history.jsonl; `prune.sh` reads `release` and `outcome` from it, in this order, and `previous`. */
export function attemptLine(attempt: Attempt): string {
  const { release, outcome, ...rest } = attempt;
  return `${JSON.stringify({ release, outcome, ...rest })}\n`;
}

/** The attempts in the lines, oldest first: one that touches what runs has a line for its start and one for its end. */
export function readHistory(lines: readonly string[], current: string | undefined): readonly Attempt[] {
  const attempts = lines.map(readAttempt).filter((attempt) => attempt !== undefined);
  return attempts.flatMap((attempt, n) => {
    if (attempt.outcome !== 'started') return [attempt];
    const { release, command, previous } = attempt;
    if (attempts.slice(n + 1).some((later) => later.release === release && later.command === command)) return [];
    // `current` moves last: only the line about it is missing.
    return [release === current && previous !== current ? { ...attempt, outcome: 'succeeded' } : attempt];
  });
}

const outcomes = ['started', 'succeeded', 'rolled-back', 'rollback-failed'] as const;

export function readAttempt(line: string): Attempt | undefined {
  const value = parseJson(line);
  if (!isRecord(value) || typeof value['release'] !== 'string') return undefined;
  const text = (name: string): string => (typeof value[name] === 'string' ? value[name] : '');
  return {
    time: text('time'),
    command: value['command'] === 'rollback' ? 'rollback' : 'deploy',
    release: value['release'],
    commit: text('commit'),
    committedAt: text('committedAt'),
    outcome: outcomes.find((outcome) => outcome === value['outcome']) ?? 'failed',
    switched: value['switched'] === true,
    previous: text('previous') || undefined,
    allowOlder: value['allowOlder'] === true,
    actor: text('actor'),
    run: text('run') || undefined,
    reason: text('reason') || undefined,
  };
}

/** Shows which releases were good on a server. */
type Known = {
  readonly history: readonly Attempt[];
  readonly releases: readonly string[];
  readonly current: string | undefined;
};

/** Releases that were good and are still on the server, the last one first. Only a good one is ever current. */
export function goodReleases({ history, releases, current }: Known): readonly string[] {
  const good = history.flatMap(({ previous, release, outcome }) => [
    ...(previous === undefined ? [] : [previous]),
    ...(outcome === 'succeeded' ? [release] : []),
  ]);
  const newestFirst = [...(current === undefined ? [] : [current]), ...good.reverse()];
  return [...new Set(newestFirst)].filter((id) => releases.includes(id));
}

/** The last attempt that touched what runs. */
export function lastSwitch({ history }: Pick<Known, 'history'>): Attempt | undefined {
  return history.findLast(({ switched }) => switched);
}

export const commitName = (commit: string): string => commit.slice(0, 12);
export const minuteOf = ({ time }: Pick<Attempt, 'time'>): string => time.slice(0, 16).replace('T', ' ');
