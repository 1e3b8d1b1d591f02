/** What a deploy did to the containers of a server, as their ids and starts tell, whatever the deploy says. */
import type { Server } from '../../bed/bed.ts';
import { output } from '../../fixtures/state.ts';

type Container = { readonly id: string; readonly startedAt: string; readonly status: string };
/** By service. */
export type Containers = Readonly<Record<string, readonly Container[]>>;

const look = `docker ps --all --quiet --no-trunc | xargs -r docker inspect --format \
'{{index .Config.Labels "com.docker.compose.service"}} {{.Id}} {{.State.StartedAt}} {{.State.Status}}' | sort`;

export async function containersOn(server: Server): Promise<Containers> {
  const rows = (await output(server, 'sh', '-c', look)).split('\n').filter((line) => line !== '');
  const containers = rows.map((row) => {
    const [service = '', id = '', startedAt = '', status = ''] = row.split(' ');
    return { service, container: { id, startedAt, status } };
  });
  return Object.fromEntries(
    Object.entries(Object.groupBy(containers, ({ service }) => service)).map(([service, all = []]) => [
      service,
      all.map(({ container }) => container),
    ]),
  );
}

/** Service → action, of those that were touched. */
export function happened(before: Containers, after: Containers): Readonly<Record<string, string>> {
  const services = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return Object.fromEntries(
    services.flatMap((service) => {
      const action = actionOf(before[service] ?? [], after[service] ?? []);
      return action === undefined ? [] : [[service, action]];
    }),
  );
}

function actionOf(before: readonly Container[], after: readonly Container[]): string | undefined {
  if (before.length === 0) return after.length === 0 ? undefined : 'create';
  if (after.length === 0) return 'remove';
  const stayed = after.flatMap(({ id, startedAt }) => {
    const old = before.find((container) => container.id === id);
    return old === undefined ? [] : [{ ...old, again: old.startedAt !== startedAt }];
  });
  if (stayed.length === 0) return 'recreate';
  const again = stayed.filter((container) => container.again);
  if (again.length > 0) return again.every(({ status }) => status === 'running') ? 'restart' : 'start';
  return stayed.length === before.length && stayed.length === after.length ? undefined : 'scale';
}
