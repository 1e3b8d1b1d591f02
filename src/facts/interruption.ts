import type { Action } from '../model/changes.ts';
import type { SwitchPlan } from '../model/switch.ts';

const stops: Readonly<Record<Action, boolean>> = {
  remove: true,
  recreate: true,
  restart: true,
  create: false,
  start: false,
  scale: false,
  keep: false,
};

/** The services whose containers are replaced or stopped while nothing stands in for them: what is asked of them then is not answered. */
export function interrupted({ hosts }: Pick<SwitchPlan, 'hosts'>): readonly string[] {
  const services = hosts.flatMap(({ changes }) =>
    changes.filter(({ action }) => stops[action]).map(({ service }) => service),
  );
  return [...new Set(services)];
}
