import { type Files, testDown } from '../commands/compose.ts';
import { test } from '../commands/server.ts';
import type { Plan, Step } from '../model/plan.ts';

export type TestFacts = {
  readonly files: Files & { readonly project: string };
  /** The files as given in the input. */
  readonly names: readonly string[];
  readonly service: string | undefined;
  readonly timeoutSeconds: number;
  readonly env: Readonly<Record<string, string>>;
};

/** Runs the test compose file in its own project. */
export function testPlan({ files, names, service, timeoutSeconds, env }: TestFacts): Plan {
  return {
    stages: [
      {
        name: 'Test',
        tasks: [
          {
            host: 'local',
            steps: [
              {
                kind: 'run',
                id: 'test',
                title: `run the tests in ${names.join(', ')}`,
                command: { ...test(files, service), env },
                output: 'live',
                timeoutSeconds,
                hint: 'Fix the tests, then push again. Nothing was deployed.',
              },
            ],
          },
        ],
      },
    ],
  };
}

/** Removes everything the tests have created, whatever the result. */
export function testDownPlan(files: TestFacts['files']): Plan {
  const step: Step = {
    kind: 'run',
    id: 'test-down',
    title: 'remove the test containers, networks and volumes',
    command: testDown(files),
    output: 'quiet',
  };
  return { stages: [{ name: 'Clean up', tasks: [{ host: 'local', steps: [], always: [step] }] }] };
}
