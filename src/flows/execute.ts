import { uncheckedOf } from '../facts/claims.ts';
import { readFacts } from '../facts/facts.ts';
import { readWrongArchitectures } from '../facts/images.ts';
import type { Release } from '../model/release.ts';
import { type SwitchPlan, stepIds, type Target } from '../model/switch.ts';
import { uncheckedProblem } from '../plan/claims.ts';
import { pullPlan } from '../plan/pull.ts';
import { planLines } from '../report/changes.ts';
import { checkDowntime, type Measuring } from './downtime.ts';
import { perform, type Session, throwProblems } from './session.ts';

/** Pulls the images on the hosts. Throws if one of them cannot run there. Returns what the hosts printed. */
export async function pull(
  session: Session,
  targets: readonly Target[],
  release: Release,
  asked: readonly Target[] = [],
): Promise<(host: string, id: string) => string> {
  const { output } = await perform(session, pullPlan(targets, release, asked));
  const problems = targets.flatMap(({ host }) =>
    readWrongArchitectures(output(host, 'pull')).map(
      ({ image, builtFor, machine }) => `${host}: ${image} is built for ${builtFor}, but the server is ${machine}`,
    ),
  );
  throwProblems(problems, 'Build for the server, with the input platforms. No running container was touched.');
  const unchecked = targets.flatMap(({ host }) =>
    uncheckedOf(readFacts(output(host, 'pull'))).map((one) => `${host}: ${uncheckedProblem(one)}`),
  );
  throwProblems(unchecked, 'Fix this and deploy again. No running container was touched.');
  return output;
}

/** Shows what will happen. */
export function print({ ports, known }: Session, plan: SwitchPlan): void {
  known.plan = plan;
  ports.log.stage(`Plan: release ${plan.intent.release.id}`);
  for (const line of planLines(plan)) ports.log.info(line);
  ports.log.end();
}

/** Executes what was shown, and measures the downtime meanwhile. Throws if it is longer than `max-downtime`. */
export async function execute(session: Session, plan: SwitchPlan, downtime: Measuring): Promise<void> {
  const { known, ports } = session;
  const { output } = await perform(session, { stages: plan.before });
  if (plan.backup?.kind === 'run') {
    const { host, text } = plan.backup;
    known.backup = `${host}: ${output(host, stepIds.backup).trim().split('\n').at(-1) || text}`;
  }
  await downtime.start();
  ports.announce({ kind: 'switches' });
  await perform(session, { stages: plan.stages });
  await downtime.stop('the switch');
  checkDowntime(session);
}
