import { applicationFolder, loginFolder } from '../commands/paths.ts';
import { Cancelled, CommandError, DeployError } from '../errors.ts';
import { readHostState } from '../facts/host-state.ts';
import type { Host } from '../hosts/host.ts';
import type { Plan } from '../model/plan.ts';
import type { Observed, Target } from '../model/switch.ts';
import type { HostSpec } from '../model/target.ts';
import { observePlan } from '../plan/observe.ts';
import { holdLeases, type Purpose } from './lease.ts';
import { attempt, messagesOf, type Session, throwCancelled } from './session.ts';

/** Connected hosts, the lease that is held there, what was found on them, and what each of them printed. */
export type Opened = Observed & {
  /** Names this run to the servers whose lease it holds. */
  readonly token: string;
  readonly unreachable: readonly DeployError[];
  readonly failures: readonly DeployError[];
  readonly output: (host: string, id: string) => string;
};

export type Look = (facts: { readonly targets: readonly Target[]; readonly project: string }) => Plan;

/**
 * Connects to all hosts and looks at them: the beginning of deploy, rollback and status. What is wrong with a host becomes
 * a problem of that host, so that all of them are told at once.
 * @param login whether the hosts log in to the registry, too
 * @param hold what their lease is held for; without, nothing that runs may be changed
 */
export async function open(
  session: Session,
  project: string,
  { login, hold, look }: { readonly login: boolean; readonly hold?: Purpose; readonly look?: Look },
): Promise<Opened> {
  const { config } = session;
  const root = applicationFolder(config.path, project);
  const unreachable = await connectAll(session);
  const reached = reachedTargets(session, root);
  const targets = login ? reached.map((target) => withLogin(session, target)) : reached;
  const token = session.ports.nonce();
  const refused = hold === undefined ? undefined : await holdLeases(session, targets, token, hold).catch(ifCommand);
  const plan = look?.({ targets, project }) ?? observePlan({ targets, project }, config.registry);
  const { output, failures } = await attempt(session, plan);
  throwCancelled(failures);
  const states = targets.map(({ host }) => {
    const state = readHostState(host, output(host, 'observe'));
    // Without Docker there is no login either: one problem is enough.
    return { ...state, problems: state.problems.length > 0 ? state.problems : messagesOf(failures, host) };
  });
  // What is wrong with a host says it better than the program that could not take its lease.
  if (refused !== undefined && states.every(({ problems }) => problems.length === 0)) throw refused;
  return { token, root, targets, states, unreachable, failures, output };
}

function ifCommand(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  throw error;
}

/** Connects to all hosts side by side, but for those that are. Returns the failures of those that could not be reached. */
async function connectAll(session: Session): Promise<readonly DeployError[]> {
  const { config, ports } = session;
  ports.log.stage(`Connect to ${config.hosts.map(({ name }) => name).join(', ')}`);
  const results = await Promise.all(config.hosts.map(async (spec) => await connect(session, spec)));
  ports.log.end();
  if (ports.signal.aborted) throw new Cancelled(undefined, 'during', 'connect');
  return results.filter((failure) => failure !== undefined);
}

async function connect({ config, ports, hosts }: Session, spec: HostSpec): Promise<DeployError | undefined> {
  if (spec.kind === 'local' || (await answers(hosts.get(spec.name)))) return undefined;
  hosts.delete(spec.name);
  const started = ports.clock.now();
  try {
    hosts.set(spec.name, await ports.connect(spec, config));
    ports.log.info(`✓ ${spec.name}: connected (${((ports.clock.now() - started) / 1000).toFixed(1)} s)`);
    return undefined;
  } catch (error) {
    if (error instanceof DeployError) return error;
    throw error;
  }
}

/** Whether a connection that was made before the tests and the build is still there. */
async function answers(host: Host | undefined): Promise<boolean> {
  if (host === undefined) return false;
  const { code } = await host.run({ argv: ['true'] }).catch(() => ({ code: null }));
  return code === 0;
}

/** The hosts that are connected. */
export function reachedTargets({ config, hosts }: Session, root: string): readonly Target[] {
  return config.hosts.filter(({ name }) => hosts.has(name)).map(({ name }) => ({ host: name, root, login: undefined }));
}

/** A target with a new folder for its registry login, when there is one. */
export function withLogin({ config, ports }: Session, target: Target): Target {
  return config.registry?.login ? { ...target, login: loginFolder('/tmp', `korrigo-${ports.nonce()}`) } : target;
}
