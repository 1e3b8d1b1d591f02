import { type CommandError, HealthError } from '../errors.ts';
import { isOf, type Verdict } from '../facts/verdict.ts';
import type { WaitStep } from '../model/plan.ts';
import type { EnginePorts } from './ports.ts';
import { probeMilliseconds, probeOnce } from './probe.ts';

/** After a failed command: the container that caused it, if there is one. */
export async function explain(
  look: Pick<WaitStep, 'probe' | 'until'> | undefined,
  hostName: string,
  ports: EnginePorts,
  failed: CommandError,
): Promise<HealthError | undefined> {
  if (look === undefined || (failed.code === null && !failed.timedOut)) return undefined;
  const verdict = await probeOnce(look, hostName, ports);
  // After a timeout, a container that was still being waited for is the cause too.
  if (verdict.kind === 'good' || (verdict.kind === 'wait' && !failed.timedOut)) return undefined;
  const { container } = verdict;
  if (container === undefined) return undefined;
  // It was stopped, to be replaced.
  if (container.status === 'exited' && container.exitCode === 0) return undefined;
  // That container was never reached: the failed command says why.
  if (look.until.kind === 'services' && !isOf(container, look.until.images)) return undefined;
  const says = failed.timedOut ? `${verdict.says}, timed out` : verdict.says;
  return await describe(verdict, says, hostName, ports, failed);
}

/** A line that a failure quotes: one of 10 MB must not bury what follows. */
export const quoted = (line: string): string => (line.length > 4000 ? `${line.slice(0, 4000)}…` : line);

/** Everything about an unhealthy container: the output of its healthcheck and the last lines of its log. */
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
      hint: `List the containers with \`docker ps --all\` on ${hostName}.`,
    });
  }
  const read = { argv: ['docker', 'logs', '--tail', '20', container.id] };
  const logs = await ports.host(hostName).run(read, { signal: AbortSignal.timeout(probeMilliseconds) });
  const log = `${logs.stdout}${logs.stderr}`.trimEnd();
  const unread = logs.code !== 0 && /does not support reading/.test(logs.stderr);
  const lines = [
    says,
    ...(container.health === 'starting' ? ['its healthcheck has not passed yet'] : []),
    ...(container.healthOutput === '' ? [] : [`last healthcheck output: ${container.healthOutput}`]),
    ...(unread
      ? ['its logging driver keeps no log on the server']
      : log === ''
        ? ['its log is empty']
        : [`last log lines of ${container.name}:`, ...log.split('\n').map((line) => `  ${quoted(line)}`)]),
  ];
  return new HealthError(hostName, container.service, lines.join('\n'), {
    cause,
    hint: unread
      ? 'Look where its logging driver sends the log; if that is `none`, remove it from the compose file to see why it failed.'
      : `For the full log, run \`docker logs ${container.name}\` on ${hostName}.`,
  });
}
