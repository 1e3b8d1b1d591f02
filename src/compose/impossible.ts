/** What Compose accepts, but what can never work on a server. */
import { type Json, recordOf, recordsOf, textOf } from './printed.ts';

/** One sentence each, about a service. */
export const impossible = (service: string, body: Json, root: Json): readonly string[] => [
  ...readOnlyProblems(service, body, root),
  ...swarmOnly(service, body, root),
  ...provided(service, body),
];

export function relativeDevices(defined: unknown): readonly string[] {
  return Object.entries(recordOf(defined)).flatMap(([name, body]) => {
    const options = recordOf(recordOf(body)['driver_opts']);
    const device = textOf(options['device']);
    if (!bindsFolder(options) || device.startsWith('/')) return [];
    return [
      `the device ${device} of the volume ${name} is not an absolute path: Compose completes it only with \`driver: local\` and exactly \`o: bind\``,
    ];
  });
}

/** Whether the options of a volume make it a mount of a folder. */
export const bindsFolder = ({ o, device }: Json): boolean =>
  textOf(o).split(',').includes('bind') && typeof device === 'string';

type Given = { readonly kind: string; readonly name: string; readonly variable: string };

/** The configs and secrets of a service whose value is a variable. */
export function fromEnvironment(body: Json, root: Json): readonly Given[] {
  return ['configs', 'secrets'].flatMap((kind) =>
    recordsOf(body[kind]).flatMap(({ source }) => {
      const variable = recordOf(recordOf(root[kind])[textOf(source)])['environment'];
      return typeof variable === 'string' ? [{ kind: kind.slice(0, -1), name: textOf(source), variable }] : [];
    }),
  );
}

/** Compose copies these into the container, which it cannot do there: a switch would fail halfway. */
function readOnlyProblems(service: string, body: Json, root: Json): readonly string[] {
  if (body['read_only'] !== true) return [];
  return fromEnvironment(body, root).map(
    ({ kind, name }) =>
      `${service} is read_only, so Compose cannot copy the ${kind} ${name} into it, which comes from \`environment:\`: use \`file:\`, and env-files to write that file`,
  );
}

/** Compose only finds out when it creates the container, after it has stopped the old one. */
function swarmOnly(service: string, body: Json, root: Json): readonly string[] {
  return ['configs', 'secrets'].flatMap((kind) =>
    recordsOf(body[kind]).flatMap(({ source }) => {
      const name = textOf(source);
      if (recordOf(recordOf(root[kind])[name])['external'] !== true) return [];
      return [
        `${service} uses the ${kind.slice(0, -1)} ${name}, which is \`external\`, and only Swarm has those; use \`file:\`, and env-files to write that file`,
      ];
    }),
  );
}

/** Whatever a plugin of Compose starts: there is no image to pin, and no container to check or to roll back. */
function provided(service: string, body: Json): readonly string[] {
  const { type } = recordOf(body['provider']);
  return typeof type !== 'string'
    ? []
    : [
        `${service} has \`provider: ${type}\`, so it has no container that a deploy could check or roll back: start it on the server yourself, and leave it out of this deploy (with a profile, for example)`,
      ];
}
