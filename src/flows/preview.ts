import { readPreview } from '../facts/preview.ts';
import type { Release } from '../model/release.ts';
import type { Resolution } from '../model/state.ts';
import type { Observed, Target } from '../model/switch.ts';
import { previewPlan } from '../plan/preview.ts';
import { attempt, type Session } from './session.ts';

/** The hosts where Compose can be asked what it would do: those that have containers. */
export function toAsk({ targets, states }: Pick<Observed, 'targets' | 'states'>): readonly Target[] {
  return targets.filter(({ host }) =>
    states.some((state) => state.host === host && state.containers.some(({ oneOff }) => !oneOff)),
  );
}

/** The same with Compose's answer about what it would do, on the hosts that have not been asked yet. */
export async function withPreviews<T extends Resolution>(
  session: Session,
  observed: Observed,
  release: Release,
  resolved: readonly T[],
): Promise<readonly T[]> {
  const open = toAsk(observed).filter(({ host }) => resolved.some((one) => one.host === host && !one.preview));
  // Without an answer, the hashes are all we know.
  const { output } = await attempt(session, previewPlan(open, release));
  return withAnswers(resolved, output);
}

/** An answer that names no container is none: for example, Compose found an image missing. */
export function withAnswers<T extends Resolution>(
  resolved: readonly T[],
  output: (host: string, id: string) => string,
): readonly T[] {
  return resolved.map((resolution) => {
    const preview = readPreview(output(resolution.host, 'preview'));
    return Object.keys(preview.containers).length === 0 ? resolution : { ...resolution, preview };
  });
}
