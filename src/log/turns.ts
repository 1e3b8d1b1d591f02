import type { Log } from './log.ts';

type Line = (log: Log) => void;
/** @param keep whether lines that wait for their turn are still worth showing then */
export type Turn = { readonly log: Log; readonly end: (keep: boolean) => void };

/**
 * Logs of parallel work, shown one after the other, so that no lines mix. The first that has not ended is shown
 * live; the others wait for their turn. A log that waited does not repeat its "still running" lines.
 */
export function turns(log: Log, count: number): readonly Turn[] {
  const waiting = Array.from({ length: count }, (): Line[] => []);
  const ended = new Set<number>();
  let current = 0;
  const next = (): void => {
    log.end();
    current += 1;
    for (const line of waiting[current]?.splice(0) ?? []) line(log);
  };
  return waiting.map((lines, index): Turn => {
    const say = (line: Line): void => void (index === current ? line(log) : lines.push(line));
    return {
      log: {
        stage: (title) => say((to) => to.stage(title)),
        end: () => say((to) => to.end()),
        info: (line) => say((to) => to.info(line)),
        progress: (line) => index === current && log.progress(line),
        warn: (line) => say((to) => to.warn(line)),
        output: (host, line) => say((to) => to.output(host, line)),
      },
      end: (keep) => {
        if (!keep) lines.splice(0);
        ended.add(index);
        while (ended.has(current)) next();
      },
    };
  });
}
