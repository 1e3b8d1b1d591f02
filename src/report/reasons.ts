import type { BuildCause, Reason, ServiceChange } from '../model/changes.ts';

/** Why something happens to a service, in words. */
export function reasonText(reason: Reason): string {
  switch (reason.kind) {
    case 'image':
    case 'configuration':
      return reason.kind;
    case 'environment':
    case 'label':
    case 'file':
    case 'config':
    case 'secret':
      return `${reason.kind} ${reason.name}`;
    case 'key':
      return reason.name;
    case 'new':
      return 'no container yet';
    case 'build':
      return buildText(reason.cause);
    case 'forced':
      return `force-recreate: ${reason.by}`;
    case 'scale':
      return `from ${reason.from} to ${reason.to} ${reason.to === 1 ? 'container' : 'containers'}`;
    case 'stopped':
      return reason.status === 'exited' ? 'has exited' : `is ${reason.status}`;
    case 'shares':
      return `shares the container of ${reason.service}`;
    case 'depends':
      return `depends on ${reason.service}`;
    case 'resource':
    case 'renamed':
      return `uses ${reason.name} now`;
    case 'lost-network':
      return 'its network was removed';
    case 'network':
      return `network ${reason.name}`;
    case 'compose':
      return 'decided by Compose';
    case 'unwanted':
      return 'scaled to zero';
    case 'gone':
      return 'not in this release';
  }
}

export const reasonsText = ({ reasons }: Pick<ServiceChange, 'reasons'>): string => reasons.map(reasonText).join(', ');

function buildText(cause: BuildCause): string {
  switch (cause.kind) {
    case 'new':
      return 'will be built';
    case 'same':
      return 'will be built, from the same sources as now';
    case 'changed': {
      const [first = '', second, ...others] = cause.inputs;
      const more =
        second === undefined ? '' : others.length === 0 ? ` and ${second}` : `, ${second} and ${others.length} more`;
      return `will be built: ${first}${more} changed`;
    }
    case 'unknown':
      return `will be built (${cause.why})`;
  }
}
