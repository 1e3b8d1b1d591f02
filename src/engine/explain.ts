import { type CommandError, HealthError } from '../errors.ts';
import type { WaitStep } from '../model/plan.ts';
import type { EnginePorts } from './ports.ts';
import { probeOnce } from './probe.ts';
import { isOf, type Verdict } from './verdict.ts';

/** After a failed command: the container that is the reason, if there is one. */
export async function explain(
  look: Pick<WaitStep, 'probe' | 'until'> | undefined,
  hostName: string,
  ports: EnginePorts,
  failed: CommandError,
): Promise<HealthError | undefined> {
  if (look === undefined || failed.code === null) return undefined;
  const verdict = await probeOnce(look, hostName, ports);
  if (verdict.kind !== 'bad') return undefined;
  const { container } = verdict;
  // It was not come to that container: what failed says why.
  if (container && look.until.kind === 'services' && !isOf(container, look.until.images)) return undefined;
  return await describe(verdict, verdict.says, hostName, ports, failed);
}

/** The whole story of an unhealthy container: what its healthcheck said and the last lines of its log. */
export async function describe(
  verdict: Verdict,
  says: string,
  hostName: string,
  ports: EnginePorts,
  cause?: unknown,
): Promise<HealthError> {
  const container = verdict.kind === 'good' ? undefined : verdict.container;
  if (container === undefined) {
    return new HealthError(hostName, undefined, says, {
      cause,
      hint: `look at the containers: docker ps --all (on ${hostName})`,
    });
  }
  const logs = await ports.host(hostName).run({ argv: ['docker', 'logs', '--tail', '20', container.id] });
  const log = `${logs.stdout}${logs.stderr}`.trimEnd();
  const lines = [
    says,
    ...(container.healthOutput === '' ? [] : [`its healthcheck said: ${container.healthOutput}`]),
    ...(log === ''
      ? ['it logged nothing']
      : [`the last lines of ${container.name}:`, ...log.split('\n').map((line) => `  ${line}`)]),
  ];
  return new HealthError(hostName, container.service, lines.join('\n'), {
    cause,
    hint: `see more: docker logs ${container.name} (on ${hostName})`,
  });
}
