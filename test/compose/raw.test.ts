import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRawFile } from '../../src/compose/raw.ts';

const nothing = { image: [], build: [], elsewhere: [], required: [] };
const include = (...paths: readonly string[]) => ({ paths, folder: undefined, envFiles: [] });
const empty = {
  name: undefined,
  includes: [],
  extended: [],
  services: [],
  removed: [],
  profiles: [],
  envFiles: [],
  labelFiles: [],
  variables: nothing,
  bakes: false,
  problem: undefined,
};

describe('a compose file', () => {
  it('reports its name and its services', () => {
    expect(readRawFile('name: shop\nservices:\n  web: {image: nginx}\n  db: {image: postgres}\n')).toEqual({
      ...empty,
      name: 'shop',
      services: ['web', 'db'],
    });
  });

  it.each([
    ['a path', 'include: a.yml', [include('a.yml')]],
    ['paths', 'include: [a.yml, ../b/c.yml]', [include('a.yml'), include('../b/c.yml')]],
    [
      'the long form',
      'include:\n  - path: a.yml\n    env_file: x.env\n  - path: [b.yml, c.yml]\n    project_directory: d\n    env_file: [y, z]\n',
      [
        { paths: ['a.yml'], folder: undefined, envFiles: ['x.env'] },
        { paths: ['b.yml', 'c.yml'], folder: 'd', envFiles: ['y', 'z'] },
      ],
    ],
    ['nothing', 'include:', []],
    ['what is no path', 'include: [1, {path: 2}, {x: y}]', [include(), include()]],
  ])('includes %s', (_, text, includes) => {
    expect(readRawFile(text).includes).toEqual(includes);
  });

  it.each([
    ['another file', 'services: {a: {extends: {file: base.yml, service: b}}}', ['base.yml']],
    ['a service of its own', 'services: {a: {extends: {service: b}}, c: {extends: b}}', []],
  ])('extends %s', (_, text, extended) => {
    expect(readRawFile(text).extended).toEqual(extended);
  });

  it.each([
    ['a path', 'env_file: .env', ['.env']],
    ['paths', 'env_file: [a.env, b.env]', ['a.env', 'b.env']],
    ['the long form', 'env_file: [{path: a.env}, {path: b.env, required: true}]', ['a.env', 'b.env']],
    ['one that may be absent', 'env_file: [{path: a.env, required: false}]', ['a.env']],
    ['what is no path', 'env_file: [1, {path: [a.env]}]', []],
    ['nothing', 'env_file:', []],
  ])('reads env_file: %s', (_, line, paths) => {
    const text = `services:\n  web:\n    ${line}\n`;
    expect(readRawFile(text).envFiles).toEqual(paths);
  });

  it('may use anchors, merge keys and the tags of Compose', () => {
    const text = `
x-base: &base
  image: "app:\${TAG}"
  env_file: [a.env]
services:
  web:
    <<: *base
    volumes: !reset []
  worker: { <<: [*base], env_file: !override [b.env] }
`;
    expect(readRawFile(text)).toMatchObject({
      services: ['web', 'worker'],
      envFiles: ['a.env', 'b.env'],
      variables: { image: ['TAG', 'TAG'] },
    });
  });

  it('may have hundreds of aliases', () => {
    const services = Array.from({ length: 300 }, (_, n) => `  s${n}: {<<: *app, hostname: s${n}}\n`).join('');
    const text = `name: many
x-health: &health {test: ["CMD", "true"]}
x-logging: &logging {driver: json-file, options: {max-size: "\${SIZE}"}}
x-app: &app
  image: busybox
  env_file: ./app.env
  environment: {SECRET: "\${APP_SECRET}"}
  healthcheck: *health
  logging: *logging
services:
${services}`;
    const { name, services: found, envFiles, variables, problem } = readRawFile(text);
    expect([name, found.length, new Set(envFiles), problem]).toEqual(['many', 300, new Set(['./app.env']), undefined]);
    expect(new Set(variables.elsewhere)).toEqual(new Set(['APP_SECRET', 'SIZE']));
  });

  it('may be several documents, of which the later ones add to the earlier ones', () => {
    const text =
      'name: a\nservices: {web: {env_file: a.env}}\n---\n---\nname: b\nservices: {web: {}, db: {label_file: db.labels}}\n';
    expect(readRawFile(text)).toMatchObject({
      name: 'b',
      services: ['web', 'db'],
      envFiles: ['a.env'],
      labelFiles: ['db.labels'],
    });
  });

  it('reports the profiles that its services name', () => {
    expect(readRawFile('services: {a: {profiles: [x, y]}, b: {profiles: [y]}, c: {}}').profiles).toEqual(['x', 'y']);
  });
});

describe('variables', () => {
  it('are told apart by what needs them', () => {
    const text = `
services:
  web:
    image: "\${REGISTRY}/web:\${TAG:-latest}"
    build: {context: ., args: {TOKEN: "$TOKEN"}}
    environment: ["A=\${A:?must be set}", "B=\${B?}"]
configs:
  c: {content: "\${C}"}
`;
    expect(readRawFile(text).variables).toEqual({
      image: ['REGISTRY', 'TAG'],
      build: ['TOKEN'],
      elsewhere: ['A', 'B', 'C'],
      required: ['A', 'B'],
    });
  });

  it('of other images than those of services are the release’s, too', () => {
    const text = `
services:
  web:
    image: web
    volumes: [{type: image, source: "\${REGISTRY}/static:\${TAG}", target: "\${TARGET}"}, "\${DATA}:/data"]
    pre_start: [{image: "init:\${INIT}", command: ["\${ARG}"]}]
`;
    const { image, elsewhere } = readRawFile(text).variables;
    expect([image, elsewhere.toSorted()]).toEqual([
      ['REGISTRY', 'TAG', 'INIT'],
      ['ARG', 'DATA', 'TARGET'],
    ]);
  });

  it('may be what a config or secret comes from', () => {
    const text = 'configs: {c: {environment: CONF}}\nsecrets: {s: {environment: TOKEN}, f: {file: ./f}}\n';
    expect(readRawFile(text).variables.elsewhere).toEqual(['CONF', 'TOKEN']);
  });

  it.each([
    ['$A', ['A']],
    ['$A$B', ['A', 'B']],
    ['${A}', ['A']],
    ['${A:-${B}}', ['A', 'B']],
    ['${A:+x}', ['A']],
    ['$$A', []],
    ['$${A}', []],
    ['$$$A', ['A']],
    ['$$${A}', ['A']],
    ['$$$${A}', []],
    ['$$$$A', []],
    ['$1 $- ${} $', []],
    ['a$A_1-b', ['A_1']],
  ])('in %j are %j', (value, names) => {
    const text = `services: {web: {command: ${JSON.stringify(value)}}}`;
    expect(readRawFile(text).variables.elsewhere).toEqual(names);
  });

  it.each(['${A:?}', '${A?}', '${A:?set ${B}}'])('in %j are required', (value) => {
    expect(readRawFile(`services: {web: {command: ${JSON.stringify(value)}}}`).variables.required).toEqual(['A']);
  });

  it.each(['${A:-x?}', '${A-?}', '$${A:?x}', '$A?', '${A}?'])('in %j are not required', (value) => {
    expect(readRawFile(`services: {web: {command: ${JSON.stringify(value)}}}`).variables.required).toEqual([]);
  });
});

describe('a file that Compose would refuse', () => {
  it.each([
    ['nothing', ''],
    ['a text', 'hello'],
    ['a list', '- a'],
    ['services that are none', 'services: [web]'],
    ['a service that is none', 'services: {web: null}\nname: 7\n'],
    ['an alias to itself', 'services: &a {web: {x: *a}}'],
    [
      'aliases that would fill the memory',
      `a: &a [x, x]\n${[...'bcdefghi'].map((name, n) => `${name}: &${name} [${`*${[...'abcdefgh'][n]}, `.repeat(20)}]`).join('\n')}`,
    ],
  ])('says as much as it can and leaves the rest to Compose: %s', (_, text) => {
    expect({ ...readRawFile(text), services: [], removed: [] }).toEqual(empty);
  });

  it.each([
    ['open quotes', 'services: "hunter2', 'Missing closing "quote at line 1, column 19'],
    ['a tab', 'a:\n\tb: c', 'Tabs are not allowed as indentation at line 2, column 1'],
    ['an alias to nothing', 'services: *nothing', 'Unresolved alias'],
  ])('says what keeps it from being YAML, and nothing of what it holds: %s', (_, text, problem) => {
    expect(readRawFile(text)).toMatchObject({ services: [], problem: expect.stringContaining(problem) });
    expect(readRawFile(text).problem).not.toContain('hunter2');
  });

  it('is never a reason to throw', () => {
    const part = fc.constantFrom(
      'services:',
      '\n',
      '  ',
      '- ',
      '&a ',
      '*a',
      '<<: ',
      '{',
      '}',
      '[',
      ']',
      ': ',
      '"',
      "'",
      '!reset ',
      '|',
      '>',
      '$',
      '${A',
      'a',
      'extends: ',
      'file: ',
      'env_file: ',
      'include: ',
      '? ',
      '!!set ',
      '!!binary ',
      '%YAML 1.1',
      '---',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 30 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        const { services, variables } = readRawFile(given);
        for (const name of [...services, ...variables.elsewhere]) expect(typeof name).toBe('string');
      }),
      { numRuns: 3000 },
    );
  });
});

describe('a service that is taken out', () => {
  it.each([
    ['as nothing', '!reset null'],
    ['as a mapping', '!reset {image: "${A}"}'],
    ['as a list', '!reset []'],
  ])('is none of the file: %s', (_, value) => {
    const { services, removed, variables } = readRawFile(`services: {web: {image: x}, db: ${value}}`);
    expect([services, removed, variables.image]).toEqual([['web'], ['db'], []]);
  });
});
