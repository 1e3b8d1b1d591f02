/** Compose files that use every key of the specification, written in every form of YAML. */
import fc from 'fast-check';
import { stringify } from 'yaml';
import type { Keys } from './services.ts';
import { count, dictionary, flag, hostile, line, name, pairs, some, word } from './values.ts';

type Json = Readonly<Record<string, unknown>>;

/** What generated files need beside the compose file. */
export const beside: Readonly<Record<string, string>> = {
  '.env': "FROM_ENV='from $env \"x\"'\nTOKEN='t'\nTAG=2\n",
  'web.env': 'A=\'1 $x\'\nEMPTY=\nM="a\\nb"\nFROM_ENV\n',
  'more.env': 'B=2\nexport C=${B}3 # not this\n',
  'raw.env': 'D="$x" \'y\'\n',
  'conf/site.conf': 'x',
  'p.json': '{}',
  'conf/p.json': '{}',
  'secrets/key': 's',
  'web.labels': 'from.file=1\n',
  'base.yml':
    'services: {other: {image: other, environment: {OF_BASE: "1"}, volumes: ["./of base:/b"], env_file: more.env}}\n',
};

/** Top-level definitions, with what may be said of each. */
const definitions: Keys = {
  networks: fc.record({
    front: some({
      driver: fc.constant('bridge'),
      driver_opts: dictionary(fc.oneof(line, count), word),
      ipam: fc.constant({
        driver: 'default',
        config: [{ subnet: '172.16.238.0/24', gateway: '172.16.238.1', aux_addresses: { a: '172.16.238.5' } }],
      }),
      internal: flag,
      attachable: flag,
      enable_ipv6: flag,
      labels: pairs(line),
      name: fc.constantFrom('own-name', '${NETWORK:-by default}'),
    }),
    outside: fc.constantFrom({ external: true }, { external: true, name: 'somewhere' }),
  }),
  volumes: fc.record({
    data: fc.oneof(
      fc.constant(null),
      fc.constant({ driver: 'local', driver_opts: { type: 'none', o: 'bind', device: './data' } }),
      fc.constant({
        driver: 'local',
        driver_opts: { type: 'nfs', o: 'addr=10.40.0.199,nolock', device: ':/docker/x' },
      }),
      fc.constantFrom({ external: true }, { external: true, name: 'v_${TAG}' }),
      some({ driver: word, driver_opts: dictionary(fc.oneof(line, count), word), labels: pairs(line), name: word }),
    ),
  }),
  configs: fc.record({
    conf: fc.constantFrom({ file: './conf/site.conf' }, { file: '/etc/hosts', name: 'own', labels: { a: 'b' } }),
    text: hostile.map((content) => ({ content: `x${content}` })),
    given: fc.constant({ environment: 'FROM_ENV' }),
    outside: fc.constant({ external: true }),
  }),
  secrets: fc.record({
    key: fc.constantFrom({ file: './secrets/key' }, { file: 'secrets/key', 'x-a': 'b' }),
    token: fc.constant({ environment: 'TOKEN' }),
    outside: fc.constant({ external: true, name: 'theirs' }),
  }),
};

/** A project with a service of any keys, and what it may refer to. */
export function composeFile(keys: Keys, more: Json = {}): fc.Arbitrary<Json> {
  const chosen = fc.uniqueArray(fc.constantFrom(...Object.keys(keys)), { minLength: 1, maxLength: 8 });
  const body = chosen.chain((names) =>
    fc.record(Object.fromEntries(names.map((key) => [key, keys[key] ?? fc.constant(null)]))),
  );
  const extension = fc.oneof(hostile, count, fc.constant(null), dictionary(fc.oneof(hostile, fc.array(hostile)), name));
  const service = fc.constantFrom('web', 'a.b', 'A_b-c', '0', 'no', '1e3', 'korrigo', 'services');
  return fc
    .record({ service, body, extension, labels: pairs(line), definitions: fc.record(definitions) })
    .map((made) => ({
      'x-anything': made.extension,
      services: {
        [made.service]: { image: 'web', ...withoutConflicts(made.body) },
        db: { image: 'db', labels: made.labels },
        base: { image: 'base', environment: { OF_BASE: '1' }, labels: made.labels },
        extra: { image: 'extra', profiles: ['off'] },
      },
      ...made.definitions,
      ...more,
    }));
}

/** Compose refuses some keys beside each other, each of which is fine by itself. */
function withoutConflicts(body: Json): Json {
  const { deploy, scale, links: _l, mem_limit, cpus, pids_limit, memswap_limit, profiles: _p, ...rest } = body;
  const { networks, network_mode, container_name, mem_reservation, ...others } = rest;
  const own =
    deploy === undefined
      ? {
          scale: container_name === undefined ? scale : undefined,
          container_name,
          mem_limit,
          mem_reservation,
          cpus,
          pids_limit,
          memswap_limit,
        }
      : { deploy };
  const net = network_mode === undefined ? { networks } : { network_mode };
  const defined = Object.entries({ ...own, ...net }).filter(([, value]) => value !== undefined);
  return { ...others, ...Object.fromEntries(defined) };
}

/** JSON is YAML; some characters in texts are more than that to a reader of YAML. */
const json = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
const yaml =
  (options: object) =>
  (value: unknown): string =>
    stringify(value, { version: '1.1', ...options });

/** How a file may be written. */
export const forms: Readonly<Record<string, (value: Json) => string>> = {
  JSON: json,
  YAML: yaml({}),
  'YAML in single quotes': yaml({ defaultStringType: 'QUOTE_SINGLE', defaultKeyType: 'PLAIN', lineWidth: 0 }),
  'YAML with blocks': yaml({ defaultStringType: 'BLOCK_LITERAL', defaultKeyType: 'PLAIN' }),
  'YAML with folded texts': yaml({ defaultStringType: 'BLOCK_FOLDED', defaultKeyType: 'PLAIN', lineWidth: 20 }),
  'two documents': ({ services, ...rest }) => `${json({ services })}\n---\n${json(rest)}\n`,
  'lines of Windows': (value) => yaml({})(value).replaceAll('\n', '\r\n'),
  'the mark of an encoding': (value) => `\ufeff${json(value)}`,
  'comments and blank lines': (value) => `# é\n\n--- # a\n${yaml({})(value)}\n# end`,
};
