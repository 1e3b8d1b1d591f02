import { type Attested, attested } from '../commands/server.ts';
import type { Plan } from '../model/plan.ts';

/** Asks GitHub where images come from. Nothing of them has reached a server yet. */
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
                title: `ask GitHub whether ${asked.repository} attested the images`,
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
