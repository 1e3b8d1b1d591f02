import { sealedFile } from '../commands/paths.ts';
import { preview as ask } from '../commands/server.ts';
import type { Reason, ServiceChange } from '../model/changes.ts';
import type { Claims } from '../model/claims.ts';
import type { Plan, Task } from '../model/plan.ts';
import type { Fate, Preview } from '../model/preview.ts';
import type { Release } from '../model/release.ts';
import type { Container } from '../model/state.ts';
import type { Target } from '../model/switch.ts';
import { otherResource } from './resources.ts';

type Named = Pick<Release, 'id' | 'project'>;

/** Asks Compose on every host what it would do. */
export function previewPlan(targets: readonly Target[], release: Named): Plan {
  return { stages: targets.length === 0 ? [] : [{ name: 'Preview', tasks: previewTasks(targets, release) }] };
}

export function previewTasks(targets: readonly Target[], { id, project }: Named): readonly Task[] {
  return targets.map(({ host, root }) => ({
    host,
    steps: [
      {
        kind: 'run',
        id: 'preview',
        title: 'ask Compose what it would do',
        command: ask(sealedFile(root, id), project),
        output: 'facts',
      } as const,
    ],
  }));
}

type Seen = {
  readonly preview: Preview;
  readonly containers: readonly Container[];
  readonly claims: Claims;
};

/**
 * Our own result, corrected by what Compose says it would do: Compose is right. Which services it recreates together with one
 * they depend on differs between its versions.
 */
export function withPreview(changes: readonly ServiceChange[], seen: Seen): readonly ServiceChange[] {
  const fates = new Map(changes.map(({ service }) => [service, fateOf(service, seen)]));
  const touched = (service: string): boolean => {
    const change = changes.find((other) => other.service === service);
    return change !== undefined && (isFresh(change) || fates.get(service) === 'recreate');
  };
  return changes.map((change): ServiceChange => {
    const { service, action } = change;
    const fate = fates.get(service);
    if (action === 'remove' || action === 'create') return change;
    if (fate === 'recreate' || fate === 'restart') {
      if (action === 'recreate' && fate === 'recreate') return change;
      if (action === 'recreate') return { ...change, action: 'restart' };
      return { service, action: fate, reasons: [reasonOf(service, touched, seen), ...scaleOf(change)] };
    }
    // Compose keeps it, whatever our comparison says: no version recreates it.
    return action === 'recreate' && fate === 'keep' ? { service, action: 'keep', reasons: [] } : change;
  });
}

const isFresh = ({ action }: ServiceChange): boolean => action === 'create' || action === 'recreate';
const scaleOf = ({ reasons }: ServiceChange): readonly Reason[] => reasons.filter(({ kind }) => kind === 'scale');

/** With several containers, the most severe action; undefined if Compose says nothing about any of them. */
function fateOf(service: string, { preview, containers }: Seen): Fate | undefined {
  const own = containers.filter((container) => container.service === service && !container.oneOff);
  const fates = own.flatMap(({ name }) =>
    Object.hasOwn(preview.containers, name) ? (preview.containers[name] ?? []) : [],
  );
  return (['recreate', 'restart', 'start', 'keep'] as const).find((fate) => fates.includes(fate));
}

function reasonOf(
  service: string,
  touched: (service: string) => boolean,
  { claims, preview, containers }: Seen,
): Reason {
  const on = claims.depends.find((row) => row.service === service && touched(row.on));
  const own = claims.attached.filter((row) => row.service === service).map(({ network }) => network);
  const network = claims.networks.find(({ key, name }) => own.includes(key) && preview.networks.includes(name));
  if (network !== undefined) return { kind: 'network', name: network.key };
  const other = otherResource(
    service,
    containers.filter((container) => container.service === service && !container.oneOff),
    claims,
  );
  if (other !== undefined) return { kind: 'resource', name: other, forced: false };
  return on === undefined ? { kind: 'compose' } : { kind: 'depends', service: on.on };
}
