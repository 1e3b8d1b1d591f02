import { loginFolder } from '../commands/paths.ts';
import { program } from '../commands/server.ts';
import { outputKey } from '../engine/apply.ts';
import { readHostState } from '../engine/observe.ts';
import { type ConnectError, DeployError } from '../errors.ts';
import type { Step, Task } from '../model/plan.ts';
import type { HostState } from '../model/state.ts';
import type { Target } from '../plan/deploy.ts';
import { attempt, type Session } from './session.ts';

/** Connects to all hosts side by side. Returns the failures of those that could not be reached. */
export async function connectAll({ config, ports, hosts }: Session): Promise<readonly DeployError[]> {
  ports.log.stage(`Connect to ${config.hosts.map(({ name }) => name).join(', ')}`);
  const results = await Promise.all(
    config.hosts.map(async (spec): Promise<ConnectError | DeployError | undefined> => {
      if (spec.kind === 'local') return undefined;
      try {
        hosts.set(spec.name, await ports.connect(spec, config));
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

export type Observed = { readonly states: readonly HostState[]; readonly targets: readonly Target[] };

/** Looks at every host and logs it in to the registry; what fails becomes a problem of that host. */
export async function observeHosts(session: Session, root: string, project: string): Promise<Observed> {
  const { config, ports, hosts } = session;
  const names = config.hosts.map(({ name }) => name).filter((name) => hosts.has(name));
  const login = config.registry?.login;
  const server = config.registry?.name.split('/')[0] ?? '';
  const targets = names.map(
    (host): Target => ({ host, root, login: login && loginFolder('/tmp', `korrigo-${ports.nonce()}`) }),
  );
  const look: Step = {
    kind: 'run',
    title: 'look at the server',
    command: program('observe', [root, project]),
    output: 'quiet',
    id: 'observe',
  };
  const tasks = targets.flatMap(({ host, login: folder }): readonly Task[] => {
    if (folder === undefined || login === undefined) return [{ host, steps: [look] }];
    const command = program('login', [folder, server, login.username], { stdin: login.password });
    const title = `log in to ${server} as ${login.username}`;
    return [
      { host, steps: [look] },
      { host, steps: [{ kind: 'run', title, command, output: 'quiet', timeoutSeconds: 60 }] },
    ];
  });
  const { outputs, failures } = await attempt(session, {
    title: 'observe',
    stages: [{ name: 'Check the servers', tasks }],
  });
  const states = names.map((host) => {
    const state = readHostState(host, outputs.get(outputKey(host, 'observe')) ?? '');
    const failed = failures
      .filter((failure) => 'host' in failure && failure.host === host)
      .map(({ message }) => message);
    // Without Docker there is no login either: one problem is enough.
    return { ...state, problems: [...state.problems, ...(state.fatal && state.problems.length > 0 ? [] : failed)] };
  });
  return { states, targets };
}
