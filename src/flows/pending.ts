import { imageId } from '../commands/images.ts';
import type { OneOff } from '../config/config.ts';
import { type PendingMigrations, type SwitchPlan, stepIds } from '../model/switch.ts';
import { isEmpty, oneOffStage, oneOffText } from '../plan/one-off.ts';
import { attempt, type Session, throwCancelled } from './session.ts';

/**
 * Has the new release list the migrations that would run, if its image is on the server. A failure is only a
 * remark: it stops nothing.
 */
export async function withPending(session: Session, plan: SwitchPlan): Promise<SwitchPlan> {
  const { migratePlan } = session.config;
  if (migratePlan === undefined) return plan;
  const pending = await pendingOf(session, plan, migratePlan);
  return pending === undefined ? plan : { ...plan, pending };
}

async function pendingOf(
  session: Session,
  { hosts: [first], intent: { release } }: SwitchPlan,
  command: OneOff,
): Promise<PendingMigrations | undefined> {
  if (first === undefined) return undefined;
  const text = oneOffText(command);
  const unknown = (why: string): PendingMigrations => ({ kind: 'unknown', text, why });
  if (isEmpty(first)) return unknown('nothing runs on the server yet');
  const image = release.images[command.service];
  const there = image !== undefined && !isToBeBuilt(image) && (await has(session, first.host, image));
  if (!there) return unknown(`the new image of ${command.service} is not on the server yet`);
  const { output, failures } = await attempt(session, {
    stages: [oneOffStage('migrate-plan', command, first, release)],
  });
  throwCancelled(failures);
  const [failure] = failures.flatMap((error) => error.failures);
  if (failure !== undefined) return unknown(failure.short);
  return { kind: 'listed', host: first.host, text, output: output(first.host, stepIds['migrate-plan']).trimEnd() };
}

async function has({ hosts, ports }: Session, host: string, image: string): Promise<boolean> {
  const result = await hosts.get(host)?.run(imageId(image), { signal: ports.signal });
  return result?.code === 0;
}

/** The digest of an image that does not exist before the build. */
export const digestToCome = `sha256:${'0'.repeat(64)}`;
const isToBeBuilt = (image: string): boolean => image.endsWith(digestToCome);
