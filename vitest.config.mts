import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest, to begin with: what takes minutes must not be the last that a worker starts. Those that wait much,
 * for healthchecks or clocks, alternate with those that keep the processors busy.
 */
const longest = [
  'infra-web',
  'beds',
  'rollback',
  'infra-monitoring',
  'recipes',
  'failures',
  'infra-tls',
  'status',
  'doors',
  'infra-rolling',
  'deploy',
  'world',
  'korrigo',
  'recreate',
  'infra-web-faults',
  'bundle',
  'infra-backup',
  'workflows',
  'lease',
  'rolling',
  'truth',
  'prune',
  'faults',
  'keeper',
  'infra-web-proxy',
  'resolve',
  'attest',
  'other-servers',
  'plans',
  'queue',
  'infra-web-images',
  'infra-web-overlays',
  'infra-data',
];

/** vitest asks for a class. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = longest.findIndex((name) => moduleId.endsWith(`/${name}.e2e.test.ts`));
      return place < 0 ? longest.length : place;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // More than there are processors: half of the time of the fast tests is waiting for a program, or for a limit to pass.
    maxWorkers: availableParallelism() + 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.e2e.test.ts', 'test/**/*.long.test.ts'],
          // Thousands of cases take a second, or ten on a machine that does much else: no test is about time.
          testTimeout: 120_000,
          expect: { poll: { timeout: 60_000 } },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/**/*.e2e.test.ts'],
          // For the runs of docker and compose: they end long before they would have to collect garbage.
          env: { GOGC: 'off' },
          testTimeout: 600_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
      {
        // Not in `npm test`: minutes for each, of which a sample is in an end-to-end test.
        test: {
          name: 'infra-long',
          include: ['test/**/*.long.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
