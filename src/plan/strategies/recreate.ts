import { up } from '../../commands/compose.ts';
import { sealedFile } from '../../commands/paths.ts';
import type { ServiceChange } from '../../model/changes.ts';
import type { Step } from '../../model/plan.ts';
import { forcedServices } from '../services.ts';
import { running } from '../verify.ts';
import type { Strategy } from './strategy.ts';

/** Compose stops the old containers and starts the new ones in their place. */
export const recreate: Strategy = {
  stage: 'Recreate',
  steps: ({ host: { root, to, changes }, release, healthTimeoutSeconds }) => {
    const sealed = sealedFile(root, to);
    const bring = (id: string, title: string, args: readonly string[]): Step => ({
      kind: 'run',
      id,
      title,
      changes: true,
      command: up(sealed, release.project, args),
      output: 'live',
      timeoutSeconds: healthTimeoutSeconds + 60,
      explain: running(release),
    });
    const forced = forcedServices(changes);
    if (forced.length > 0 && changes.every(isTouched)) {
      return [bring('up', 'recreate all services', ['--remove-orphans', '--force-recreate'])];
    }
    const touched = changes.filter(({ action, service }) => action !== 'keep' && !forced.includes(service));
    const title =
      touched.length > 0
        ? touched.map(({ action, service }) => `${action} ${service}`).join(', ')
        : 'bring everything up';
    // First what Compose itself finds, with all that depends on it, as it was asked for the plan; then, by name, the rest.
    return [
      bring('up', title, ['--remove-orphans']),
      ...(forced.length > 0
        ? [bring('up-forced', `recreate ${forced.join(', ')}`, ['--force-recreate', '--no-deps', ...forced])]
        : []),
    ];
  },
};

const isTouched = ({ action }: ServiceChange): boolean =>
  action === 'recreate' || action === 'create' || action === 'remove';
