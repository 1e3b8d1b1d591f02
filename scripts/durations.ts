/** A reporter for vitest: how long each test file took, with its hooks and what it opens at its top. */
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

export type FileDuration = { readonly file: string; readonly seconds: number };

const top = join(import.meta.dirname, '..');

/** Where a project's durations are, as JSON. */
export const durationsOf = (project: string): string => join(top, '.cache/tests', `${project}-files.json`);

/** vitest makes it with `new`. */
export default function reporter(): Reporter {
  return {
    onTestRunEnd: (modules) => {
      const [project = ''] = modules.map((module) => module.project.name);
      if (project !== '') writeFileSync(durationsOf(project), JSON.stringify(modules.map(durationOf)));
    },
  };
}

function durationOf(module: TestModule): FileDuration {
  const { collectDuration, duration } = module.diagnostic();
  return { file: relative(top, module.moduleId), seconds: (collectDuration + duration) / 1000 };
}
