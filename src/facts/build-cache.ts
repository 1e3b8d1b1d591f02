import type { Known } from '../model/report.ts';

/**
 * Reads what BuildKit printed with `--progress plain`: `#7 [web base 2/3] RUN make`, and later `#7 CACHED` or `#7 DONE 0.7s`. A
 * step that several images share is announced for each, under another number and the name of that image. FROM lines are no steps.
 */
export function readBuildCache(output: string): NonNullable<Known['buildCache']> {
  const names = new Map<string, string>();
  const ran = new Map<string, boolean>();
  for (const [, id = '', stage, step, end] of output.matchAll(line)) {
    if (step !== undefined) names.set(id, `${stage ?? ''}${step}`);
    const name = names.get(id);
    if (end === undefined || name === undefined) continue;
    ran.set(name, ran.get(name) === true || end !== 'CACHED');
  }
  return { steps: ran.size, cached: [...ran.values()].filter((did) => !did).length };
}

/** Number, stage if it has a name, place and instruction, or how it ended. */
const line = /^#(\d+) (?:\[\S+ (\S+ )?(\d+\/\d+\] (?!FROM ).*)|(CACHED|DONE|ERROR)\b.*)$/gm;
