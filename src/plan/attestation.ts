import { type Attested, attested } from '../commands/images.ts';
import type { Plan } from '../model/plan.ts';

/** Asks GitHub where images come from. No server has received anything of them yet. */
export function attestationPlan(asked: Attested, env: Readonly<Record<string, string>>): Plan {
  return {
    stages: [
      {
        name: 'Check attestations',
        tasks: [
          {
            host: 'local',
            steps: [
              {
                kind: 'run',
                id: 'attested',
                title: `check the images' attestations by ${asked.repository}`,
                command: attested(asked, env),
                output: 'facts',
                timeoutSeconds: 300,
                hint: 'Nothing was deployed.',
              },
            ],
          },
        ],
      },
    ],
  };
}
