import { watchUrl } from '../engine/downtime.ts';
import { readWrongArchitectures } from '../facts/images.ts';
import type { Release } from '../model/release.ts';
import { type SwitchPlan, stepIds, type Target } from '../model/switch.ts';
import { pullPlan } from '../plan/pull.ts';
import { planLines } from '../report/changes.ts';
import { downtimeText } from '../report/downtime.ts';
import { perform, type Session, throwProblems } from './session.ts';

/** Brings the images to the hosts. Throws when one of them cannot run there. */
export async function pull(session: Session, targets: readonly Target[], release: Release): Promise<void> {
  const { output } = await perform(session, pullPlan(targets, release));
  const problems = targets.flatMap(({ host }) =>
    readWrongArchitectures(output(host, 'pull')).map(
      ({ image, builtFor, machine }) => `${host}: ${image} is built for ${builtFor}, but the server is ${machine}`,
    ),
  );
  throwProblems(problems, 'Build for the server, with the input platforms. No running container was touched.');
}

/** Shows what will happen. */
export function print({ ports, known }: Session, plan: SwitchPlan): void {
  known.plan = plan;
  ports.log.stage(`Plan: release ${plan.intent.release.id}`);
  for (const line of planLines(plan)) ports.log.info(line);
  ports.log.end();
}

/** Does what was shown, and measures the downtime meanwhile. */
export async function execute(session: Session, plan: SwitchPlan): Promise<void> {
  const { config, ports, known } = session;
  const { output } = await perform(session, { stages: plan.before });
  if (plan.backup?.kind === 'run') {
    const { host, text } = plan.backup;
    known.backup = `${host}: ${output(host, stepIds.backup).trim().split('\n').at(-1) || text}`;
  }
  const { url } = config.health;
  const watch = url === undefined ? undefined : watchUrl(url, ports);
  ports.announce({ kind: 'switches' });
  try {
    await perform(session, { stages: plan.stages });
  } finally {
    const downtime = await watch?.stop();
    if (downtime !== undefined) {
      known.downtime = downtime;
      ports.log.info(downtimeText(downtime));
    }
  }
}
