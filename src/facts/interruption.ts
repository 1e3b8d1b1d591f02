import type { SwitchPlan } from '../model/switch.ts';

/**
 * The services whose containers are replaced while nothing stands in for them: what is asked of them then is not answered. Not
 * those that are removed for good, nor those that run once: nobody asks them anything.
 */
export function interrupted({ hosts }: Pick<SwitchPlan, 'hosts'>): readonly string[] {
  const services = hosts.flatMap(({ changes }) =>
    changes
      .filter(({ action }) => action === 'recreate' || action === 'restart')
      .filter(({ obstacles = [] }) => !obstacles.some(({ kind }) => kind === 'runs-once'))
      .map(({ service }) => service),
  );
  return [...new Set(services)];
}
