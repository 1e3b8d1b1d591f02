/** What a session answers when the server has too many of them. */
export const full = Symbol('full');

/**
 * At most `most` sessions at a time, the rest wait their turn. A server that allows fewer (MaxSessions of sshd, 2 on
 * some hardened ones) is taken at its word. Resolves with `full` when it does not even allow one.
 */
export function sessions(most: number) {
  let allowed = most;
  let open = 0;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T | typeof full>): Promise<T | typeof full> => {
    for (;;) {
      while (open >= allowed) await new Promise<void>((resolve) => waiting.push(resolve));
      open++;
      try {
        const outcome = await work();
        if (outcome !== full || open === 1) return outcome;
        allowed = open - 1;
      } finally {
        open--;
        waiting.shift()?.();
      }
    }
  };
}
