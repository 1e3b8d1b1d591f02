import type { SwitchPlan } from '../model/switch.ts';

/**
 * The services whose containers are replaced with nothing running in their place: requests to them go unanswered. Not
 * those that are removed for good, nor one-shot services: they serve no requests.
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
