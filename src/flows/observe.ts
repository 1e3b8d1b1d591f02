import { loginFolder } from '../commands/paths.ts';
import { program } from '../commands/server.ts';
import { outputKey } from '../engine/apply.ts';
import { readHostState } from '../engine/observe.ts';
import { DeployError } from '../errors.ts';
import type { Host } from '../hosts/host.ts';
import type { Step, Task } from '../model/plan.ts';
import type { HostState } from '../model/state.ts';
import { logout, type Target } from '../plan/deploy.ts';
import { attempt, type Session } from './session.ts';

/** Connects to all hosts side by side, but for those that are. Returns the failures of those that could not be reached. */
export async function connectAll({ config, ports, hosts }: Session): Promise<readonly DeployError[]> {
  ports.log.stage(`Connect to ${config.hosts.map(({ name }) => name).join(', ')}`);
  const results = await Promise.all(
    config.hosts.map(async (spec): Promise<DeployError | undefined> => {
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
    }),
  );
  ports.log.end();
  return results.filter((failure) => failure !== undefined);
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

export type Observed = { readonly states: readonly HostState[]; readonly targets: readonly Target[] };

/** Looks at every host; with `login` also logs it in to the registry. What fails becomes a problem of that host. */
export async function observeHosts(session: Session, root: string, project: string, login: boolean): Promise<Observed> {
  const reached = reachedTargets(session, root);
  const targets = login ? reached.map((target) => withLogin(session, target)) : reached;
  const look: Step = {
    kind: 'run',
    title: 'look at the server',
    command: program('observe', [root, project]),
    output: 'quiet',
    id: 'observe',
  };
  const tasks = targets.flatMap((target): readonly Task[] => [
    { host: target.host, steps: [look] },
    ...loginSteps(session, target).map((step) => ({ host: target.host, steps: [step] })),
  ]);
  const stages = [{ name: 'Check the servers', tasks }];
  const { outputs, failures } = await attempt(session, { title: 'observe', stages });
  const states = targets.map(({ host }) => {
    const state = readHostState(host, outputs.get(outputKey(host, 'observe')) ?? '');
    const failed = failures.flatMap((failure) => ('host' in failure && failure.host === host ? [failure.message] : []));
    // Without Docker there is no login either: one problem is enough.
    return { ...state, problems: state.problems.length > 0 ? state.problems : failed };
  });
  return { states, targets };
}

/** A target with a new folder for its registry login, when there is one. */
export function withLogin({ config, ports }: Session, target: Target): Target {
  return config.registry?.login ? { ...target, login: loginFolder('/tmp', `korrigo-${ports.nonce()}`) } : target;
}

export function loginSteps({ config }: Session, { login }: Target): readonly Step[] {
  const { registry } = config;
  if (login === undefined || registry?.login === undefined) return [];
  const server = registry.name.split('/')[0] ?? '';
  const { username, password } = registry.login;
  const command = program('login', [login, server, username], { stdin: password });
  const hint = 'check registry, registry-username and registry-password, and that this server reaches the registry';
  return [
    { kind: 'run', title: `log in to ${server} as ${username}`, command, output: 'quiet', timeoutSeconds: 60, hint },
  ];
}

/** What a pull does at its end, where it is not come to that. */
export async function forgetLogins(session: Session, targets: readonly Target[]): Promise<void> {
  const tasks = targets.flatMap(({ host, login }) =>
    login === undefined ? [] : [{ host, steps: [], always: [logout(login)] }],
  );
  await attempt(session, { title: 'logout', stages: [{ name: 'Log out', tasks }] });
}

/** After a check: no login and no half release stays on the servers. */
export async function withdraw(session: Session, targets: readonly Target[], folder: string): Promise<void> {
  const tasks = targets.map(({ host, login }) => ({
    host,
    steps: [],
    always: [
      ...(login === undefined ? [] : [logout(login)]),
      {
        kind: 'run',
        title: 'withdraw the release',
        output: 'quiet',
        command: { argv: ['rm', '-rf', '--', folder] },
      } as const,
    ],
  }));
  await attempt(session, { title: 'withdraw', stages: [{ name: 'Withdraw', tasks }] });
}
