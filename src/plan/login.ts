import { login } from '../commands/server.ts';
import type { Registry } from '../config/config.ts';
import type { Command } from '../model/command.ts';
import type { Plan, Step } from '../model/plan.ts';
import type { Target } from '../model/switch.ts';

/** A machine's registry login: a Docker configuration in its own folder, and how to remove it. */
export function loginSteps(registry: Registry | undefined, folder: string | undefined, hint: string): readonly Step[] {
  if (folder === undefined || registry?.login === undefined) return [];
  const server = registry.name.split('/')[0] ?? '';
  const { username, password } = registry.login;
  return [
    {
      kind: 'run',
      id: 'login',
      title: `log in to ${server} as ${username}`,
      command: login({ folder, server, username, password }),
      output: 'quiet',
      timeoutSeconds: 60,
      hint,
    },
  ];
}

export const runnerLoginHint =
  'Check registry, registry-username and registry-password: is the secret set, has the token expired, is the registry up?';
export const serverLoginHint =
  'Check registry, registry-username and registry-password, and that the server can reach the registry.';

/** Logs this machine in. */
export function runnerLoginPlan(registry: Registry | undefined, folder: string): Plan {
  return {
    stages: [{ name: 'Log in', tasks: [{ host: 'local', steps: loginSteps(registry, folder, runnerLoginHint) }] }],
  };
}

/** Logs in the servers that have a folder for it. */
export function loginPlan(targets: readonly Target[], registry: Registry | undefined): Plan {
  const tasks = targets.map(({ host, login: folder }) => ({
    host,
    steps: loginSteps(registry, folder, serverLoginHint),
  }));
  return { stages: [{ name: 'Log in', tasks }] };
}

/** What a pull does at its end, for when there is no pull. */
export function logoutPlan(targets: readonly Target[]): Plan {
  const tasks = targets.flatMap(({ host, login: folder }) =>
    folder === undefined ? [] : [{ host, steps: [], always: [logout(folder)] }],
  );
  return { stages: [{ name: 'Log out', tasks }] };
}

export function logout(folder: string): Step {
  return {
    kind: 'run',
    id: 'logout',
    title: 'log out of the registry',
    command: removeFolder(folder),
    output: 'quiet',
  };
}

export const removeFolder = (path: string): Command => ({ argv: ['rm', '-rf', '--', path] });
