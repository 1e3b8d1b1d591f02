import { up } from '../commands/compose.ts';
import { sealedFile } from '../commands/paths.ts';
import { program } from '../commands/server.ts';
import type { Migration } from '../config/config.ts';
import type { Plan, Stage, Step, WaitStep } from '../model/plan.ts';
import type { Release } from '../model/release.ts';
import type { ServiceChange } from '../model/report.ts';
import { registryRetry, removeFolder } from './build.ts';
import { oneOffStage } from './one-off.ts';
import { forcedServices } from './services.ts';

export type Target = {
  readonly host: string;
  readonly root: string;
  /** The folder with the registry login, when there is one. */
  readonly login: string | undefined;
};

/** Brings all images to all hosts. Ends the registry login. Changes nothing that runs. */
export function pullPlan(targets: readonly Target[], release: Release): Plan {
  const images = [...new Set(Object.values(release.images))];
  return {
    title: 'pull',
    stages: [
      {
        name: 'Pull',
        tasks: targets.map(({ host, login }) => {
          const env = login === undefined ? {} : { DOCKER_CONFIG: login };
          return {
            host,
            steps: [
              {
                kind: 'run',
                title: `pull ${images.length} images`,
                command: program('pull', [`${release.project}-${release.id}`, ...images], { env }),
                output: 'quiet',
                id: 'pull',
                retry: registryRetry,
                hint: 'is the registry up, can this server reach it, and is there space on its disk? Nothing that runs was changed',
              },
            ],
            ...(login === undefined ? {} : { always: [logout(login)] }),
          };
        }),
      },
    ],
  };
}

export function logout(login: string): Step {
  return { kind: 'run', title: 'forget the registry login', command: removeFolder(login), output: 'quiet' };
}

export type Switch = Target & { readonly changes: readonly ServiceChange[] };

export type SwitchFacts = {
  readonly switches: readonly Switch[];
  readonly release: Release;
  /** Whether files came with it that belong under shared/. */
  readonly places: boolean;
  readonly migrate: Migration | undefined;
  readonly health: { readonly url: string | undefined; readonly timeoutSeconds: number };
};

export const recreateStage = 'Recreate';
export const finishStage = 'Finish';

/** How long a container without a healthcheck must run before it is trusted. */
const settleSeconds = 5;

/** From the old release to the new one with the `recreate` strategy: recreate, migrate, verify, make it current. */
export function switchPlan({ switches, release, places, migrate, health }: SwitchFacts): Plan {
  const healthy: WaitStep = {
    kind: 'wait',
    title: 'every container is healthy',
    ...running(release),
    timeoutSeconds: health.timeoutSeconds,
  };
  const stage = (name: string, steps: (target: Switch) => readonly Step[]): Stage => ({
    name,
    tasks: switches.map((target) => ({ host: target.host, steps: steps(target) })),
  });
  const migration = migrate === undefined ? [] : [oneOffStage('migrate', migrate, switches, release)];
  const place = stage('Write the files', ({ root }) => [
    {
      kind: 'run',
      title: 'put the files of env-files in place',
      command: program('place', [root, release.id]),
      output: 'quiet',
    },
  ]);
  const answers: Stage = {
    name: 'Ask from outside',
    tasks: health.url === undefined ? [] : [{ host: 'local', steps: [answersStep(health.url, health.timeoutSeconds)] }],
  };
  return {
    title: 'switch',
    stages: [
      ...(places ? [place] : []),
      ...(migrate?.when === 'before' ? migration : []),
      stage(recreateStage, (target) => recreateSteps(target, release, health.timeoutSeconds)),
      ...(migrate?.when === 'after' ? migration : []),
      stage('Verify', () => [healthy]),
      ...(health.url === undefined ? [] : [answers]),
      stage(finishStage, ({ root }) => [
        {
          kind: 'run',
          title: `make ${release.id} current`,
          command: program('current', [root, release.id]),
          output: 'quiet',
        },
      ]),
    ],
  };
}

function running({ project, images }: Release): Pick<WaitStep, 'probe' | 'until'> {
  return { probe: program('inspect', [project]), until: { kind: 'services', images, settleSeconds } };
}

function recreateSteps({ root, changes }: Switch, release: Release, timeoutSeconds: number): readonly Step[] {
  const sealed = sealedFile(root, release.id);
  const forced = forcedServices(changes);
  const touchesAll = changes.every(({ action }) => action === 'recreate' || action === 'create' || action === 'remove');
  const common = {
    kind: 'run',
    output: 'live',
    timeoutSeconds: timeoutSeconds + 60,
    explain: running(release),
  } as const;
  if (forced.length > 0 && touchesAll) {
    return [
      {
        ...common,
        title: 'recreate all services',
        command: up(sealed, release.project, ['--remove-orphans', '--force-recreate']),
      },
    ];
  }
  const first: readonly Step[] =
    forced.length > 0
      ? [
          {
            ...common,
            title: `recreate ${forced.join(', ')}`,
            command: up(sealed, release.project, ['--force-recreate', ...forced]),
          },
        ]
      : [];
  const touched = changes.filter(({ action, service }) => action !== 'keep' && !forced.includes(service));
  const title =
    touched.length > 0
      ? touched.map(({ action, service }) => `${action} ${service}`).join(', ')
      : 'bring everything else up';
  return [...first, { ...common, title, command: up(sealed, release.project, ['--remove-orphans']) }];
}

function answersStep(url: string, timeoutSeconds: number): WaitStep {
  return { kind: 'wait', title: `${url} answers`, probe: { url }, until: { kind: 'answers' }, timeoutSeconds };
}
