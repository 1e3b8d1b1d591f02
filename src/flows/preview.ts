import { readPreview } from '../facts/preview.ts';
import type { Release } from '../model/release.ts';
import type { Resolution } from '../model/state.ts';
import type { Observed } from '../model/switch.ts';
import { previewPlan } from '../plan/preview.ts';
import { attempt, type Session } from './session.ts';

/** The same with what Compose says it would do, where containers are there to do something with. */
export async function withPreviews<T extends Resolution>(
  session: Session,
  { targets, states }: Observed,
  release: Release,
  resolved: readonly T[],
): Promise<readonly T[]> {
  const asked = targets.filter(({ host }) =>
    states.some((state) => state.host === host && state.containers.some(({ oneOff }) => !oneOff)),
  );
  // Where there is no answer, the hashes are what is known.
  const { output } = await attempt(session, previewPlan(asked, release));
  return resolved.map((resolution) => {
    const text = output(resolution.host, 'preview');
    return text === '' ? resolution : { ...resolution, preview: readPreview(text) };
  });
}
