import { diskLeft } from '../commands/server.ts';
import { DeployError } from '../errors.ts';
import { diskProblem, readDisks } from '../facts/disk.ts';
import type { Host } from '../hosts/host.ts';

type Scene = {
  readonly host: Host;
  /** The folder of the application there. */
  readonly root: string;
  /** Whether the switch has begun. */
  readonly touched: boolean;
};

const limitMilliseconds = 10_000;

/** A failure on a server with a full disk says so: the failing command often says nothing about it, or something misleading. */
export async function withDisk(failure: DeployError, { host, root, touched }: Scene): Promise<DeployError> {
  const [facts] = failure.failures;
  if (facts === undefined || !mayBeFull(failure)) return failure;
  const signal = AbortSignal.timeout(limitMilliseconds);
  const left = await host.run(diskLeft(root), { signal }).catch(() => undefined);
  const problem = left?.code === 0 ? diskProblem(readDisks(left.stdout), facts.message) : undefined;
  if (problem === undefined) return failure;
  const [first = '', ...rest] = facts.message.split('\n');
  const message = [`${first.replace(/:$/, '')}: ${problem.what}`, ...rest].join('\n');
  const { kind, service, step, code, timedOut, fault, shown } = facts;
  const look = problem.paths.map((path) => ` ${path}`).join('');
  const hint = `Free space on ${host.name} (\`df -h${look}\` and \`docker system df\` show what is there), then deploy again.${touched ? '' : ' No running container was touched.'}`;
  return new DeployError(message, {
    kind,
    service,
    step,
    code,
    timedOut,
    fault,
    shown,
    host: facts.host,
    hint,
    cause: failure,
  });
}

/** An interrupted command says nothing about the disk. */
const mayBeFull = ({ failures: [first] }: DeployError): boolean =>
  (first?.kind === 'command' && first.code !== null) || first?.kind === 'health';
