import { setTimeout as pause } from 'node:timers/promises';

/** The error of a session when the server has too many. */
export const full = Symbol('full');

const pauseMs = 50;
const mostPauses = 100;

/**
 * At most `most` sessions at a time; the others wait their turn. If a server allows fewer (MaxSessions of sshd, 2 on
 * some hardened ones), we adapt. Resolves with `full` if it does not even allow one.
 */
export function sessions(most: number) {
  let allowed = most;
  let open = 0;
  let hasWorked = false;
  const waiting: (() => void)[] = [];
  /** With one session only, sshd may still count the previous one, which has already ended on our side. */
  const alone = async <T>(work: () => Promise<T | typeof full>, first: T | typeof full): Promise<T | typeof full> => {
    let outcome = first;
    for (let pauses = 0; outcome === full && hasWorked && pauses < mostPauses; pauses++) {
      await pause(pauseMs);
      outcome = await work();
    }
    return outcome;
  };
  return async <T>(work: () => Promise<T | typeof full>): Promise<T | typeof full> => {
    for (;;) {
      while (open >= allowed) await new Promise<void>((resolve) => waiting.push(resolve));
      open++;
      try {
        const first = await work();
        const outcome = first === full && open === 1 ? await alone(work, first) : first;
        if (outcome !== full) hasWorked = true;
        if (outcome !== full || open === 1) return outcome;
        allowed = open - 1;
      } finally {
        open--;
        waiting.shift()?.();
      }
    }
  };
}
