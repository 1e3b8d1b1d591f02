import { applicationFolder, loginFolder } from '../commands/paths.ts';
import { Cancelled, CommandError, ConnectError, DeployError } from '../errors.ts';
import { clockNote } from '../facts/clock.ts';
import { readHostState } from '../facts/host-state.ts';
import type { Host } from '../hosts/host.ts';
import type { Plan } from '../model/plan.ts';
import type { HostState } from '../model/state.ts';
import type { Observed, Target } from '../model/switch.ts';
import type { HostSpec } from '../model/target.ts';
import { logoutPlan } from '../plan/login.ts';
import { observePlan } from '../plan/observe.ts';
import { holdLeases, type Purpose } from './lease.ts';
import { attempt, messagesOf, type Session, throwCancelled } from './session.ts';

/** Connected hosts, the lease held there, what was found on them, and what each of them printed. */
export type Opened = Observed & {
  /** Identifies this run to the servers whose lease it holds. */
  readonly token: string;
  readonly unreachable: readonly DeployError[];
  readonly failures: readonly DeployError[];
  readonly output: (host: string, id: string) => string;
};

export type Look = (facts: { readonly targets: readonly Target[]; readonly project: string }) => Plan;

/**
 * Connects to all hosts and checks them: the start of deploy, rollback and status. What is wrong with a host becomes
 * that host's problem, so that all problems are reported at once.
 * @param login whether the hosts also log in to the registry
 * @param hold what the leases are held for; without it, no running container may be changed
 */
export async function open(
  session: Session,
  project: string,
  { login, hold, look }: { readonly login: boolean; readonly hold?: Purpose; readonly look?: Look },
): Promise<Opened> {
  const { config } = session;
  const root = applicationFolder(config.path, project);
  session.known.root = root;
  const unreachable = await connectAll(session);
  const reached = reachedTargets(session, root);
  const asked = login ? reached.map((target) => withLogin(session, target)) : reached;
  const token = session.ports.nonce();
  const refused = hold === undefined ? undefined : await holdLeases(session, asked, token, hold).catch(ifCommand);
  const plan = look?.({ targets: asked, project }) ?? observePlan({ targets: asked, project }, config.registry);
  const { output, failures } = await attempt(session, plan);
  // When a lease ends, its login is removed too.
  if (hold === undefined && failures.some(({ kind }) => kind === 'cancelled'))
    await attempt(session, logoutPlan(asked));
  throwCancelled(failures);
  const deaf = asked.flatMap(({ host }) => failures.find((error) => runsNothing(error, host)) ?? []);
  const targets = asked.filter(({ host }) => !deaf.some((error) => runsNothing(error, host)));
  const found = targets.map(({ host }) => {
    const state = readHostState(host, output(host, 'observe'));
    // Without Docker there is no login either: one problem is enough.
    return { ...state, problems: state.problems.length > 0 ? state.problems : messagesOf(failures, host) };
  });
  const states = onceEach(found);
  for (const state of states) {
    const note = clockNote(state, session.ports.clock.now() / 1000);
    for (const warning of [...(note === undefined ? [] : [note]), ...state.warnings]) warnOnce(session, warning);
  }
  // A problem found on the host explains more than the program that could not take its lease.
  if (refused !== undefined && states.every(({ problems }) => problems.length === 0)) throw refused;
  return { token, root, targets, states, unreachable: [...unreachable, ...deaf], failures, output };
}

/** A rehearsal and the deploy after it find the same. */
function warnOnce({ known, ports }: Session, warning: string): void {
  known.warned ??= new Set();
  if (known.warned.has(warning)) return;
  known.warned.add(warning);
  ports.log.warn(warning);
}

/** If a server lets us in but runs nothing, that is the only problem to report. */
const runsNothing = (error: DeployError, host: string): boolean =>
  error instanceof ConnectError && error.runsNothing && error.host === host;

/** One server under two names would get everything twice, in parallel. */
function onceEach(states: readonly HostState[]): readonly HostState[] {
  return states.map((state, n) => {
    const twin = states.slice(0, n).find(({ place }) => place !== undefined && place === state.place);
    if (twin === undefined) return state;
    const problem = `${state.host}: is the same server as ${twin.host}; list it once in hosts`;
    return { ...state, fatal: true, problems: [problem, ...state.problems] };
  });
}

function ifCommand(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  throw error;
}

/** Connects in parallel to all hosts that are not connected yet. Returns the failures of those that could not be reached. */
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

/** Whether a connection opened before the tests and the build is still alive. */
async function answers(host: Host | undefined): Promise<boolean> {
  if (host === undefined) return false;
  const { code } = await host.run({ argv: ['true'] }).catch(() => ({ code: null }));
  return code === 0;
}

/** The hosts that are connected. */
export function reachedTargets({ config, hosts }: Session, root: string): readonly Target[] {
  return config.hosts.filter(({ name }) => hosts.has(name)).map(({ name }) => ({ host: name, root, login: undefined }));
}

/** A target with a new folder for its registry login, if there is one. */
export function withLogin({ config, ports }: Session, target: Target): Target {
  return config.registry?.login ? { ...target, login: loginFolder('/tmp', `korrigo-${ports.nonce()}`) } : target;
}
