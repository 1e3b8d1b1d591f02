import { isRecord, parseJson } from './release.ts';

/** One line of history.jsonl: an attempt to bring a release to a server. */
export type Attempt = {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly command: 'deploy' | 'rollback';
  readonly release: string;
  readonly commit: string;
  readonly committedAt: string;
  readonly outcome: 'succeeded' | 'failed';
  /** Whether anything that runs was touched. */
  readonly switched: boolean;
  /** The release that was current before. */
  readonly previous: string | undefined;
  readonly actor: string;
  readonly run: string | undefined;
  readonly reason: string | undefined;
};

/** One line; `prune.sh` reads `release` and `outcome` from it, in this order. */
export function attemptLine(attempt: Attempt): string {
  const { release, outcome, ...rest } = attempt;
  return `${JSON.stringify({ release, outcome, ...rest })}\n`;
}

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
    outcome: value['outcome'] === 'succeeded' ? 'succeeded' : 'failed',
    switched: value['switched'] === true,
    previous: text('previous') || undefined,
    actor: text('actor'),
    run: text('run') || undefined,
    reason: text('reason') || undefined,
  };
}

/** Releases that succeeded and are still on the server, the one that succeeded last first. */
export function goodReleases(history: readonly Attempt[], kept: readonly string[]): readonly string[] {
  const good = history.filter(({ outcome, release }) => outcome === 'succeeded' && kept.includes(release));
  return [...new Set(good.map(({ release }) => release).reverse())];
}

/** The newest commit that was ever live here: an older one does not replace it by accident. */
export function newestCommit(history: readonly Attempt[]): Attempt | undefined {
  const live = history.filter(({ outcome, command }) => outcome === 'succeeded' && command === 'deploy');
  return live.reduce<Attempt | undefined>(
    (newest, attempt) =>
      newest === undefined || Date.parse(attempt.committedAt) >= Date.parse(newest.committedAt) ? attempt : newest,
    undefined,
  );
}
