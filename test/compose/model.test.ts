import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readModel, withBake } from '../../src/compose/model.ts';

const model = (value: unknown) => readModel(JSON.stringify(value), '/src/app');

describe('the model of an application', () => {
  it('is what Compose printed: services, images and what is built', () => {
    const read = model({
      name: 'shop',
      services: {
        web: { image: 'web', build: { context: '/src' } },
        cache: { image: 'redis:7' },
        job: { build: { context: '.' } },
      },
    });
    expect(read).toEqual({
      name: 'shop',
      buildSecrets: {},
      onPlatform: [],
      envFiles: [],
      services: ['web', 'cache', 'job'],
      images: { web: 'web', cache: 'redis:7' },
      builds: { web: { context: '/src' }, job: { context: '.' } },
      paths: [],
      otherImages: {},
      fromEnvironment: [],
      problems: [],
    });
  });

  it('names the paths that services mount, and those behind their configs and secrets', () => {
    const { paths } = model({
      services: {
        web: {
          volumes: [
            { type: 'bind', source: '/src/site.conf', read_only: true },
            { type: 'bind', source: '/src/data' },
            { type: 'volume', source: 'media' },
            { type: 'tmpfs', target: '/tmp' },
          ],
          configs: [{ source: 'nginx' }, { source: 'inline' }],
          secrets: [{ source: 'key' }, { source: 'outside' }],
        },
        job: { secrets: [{ source: 'key' }] },
      },
      configs: { nginx: { file: '/src/nginx.conf' }, inline: { content: 'x' } },
      secrets: { key: { file: '/src/key' }, outside: { external: true }, unused: { file: '/src/unused' } },
    });
    expect(paths).toEqual([
      { service: 'web', path: '/src/site.conf', writable: false },
      { service: 'web', path: '/src/data', writable: true },
      { service: 'web', path: '/src/nginx.conf', writable: false },
      { service: 'web', path: '/src/key', writable: false },
      { service: 'job', path: '/src/key', writable: false },
    ]);
  });

  it('names what comes from the environment, and is used', () => {
    const { fromEnvironment } = model({
      services: { web: { configs: [{ source: 'c' }], secrets: [{ source: 's' }, { source: 'f' }] } },
      configs: { c: { environment: 'C' }, unused: { environment: 'U' } },
      secrets: { s: { environment: 'S' }, f: { file: '/src/f' } },
    });
    expect(fromEnvironment).toEqual(['C', 'S']);
  });

  it('names the devices of volumes that bind a folder, and says when Compose left one as it was', () => {
    const bound = { driver: 'local', driver_opts: { type: 'none', o: 'bind,ro', device: '/src/data' } };
    const { paths, problems } = model({
      services: {
        web: {
          volumes: [
            { type: 'volume', source: 'data', target: '/a' },
            { type: 'volume', source: 'data', target: '/b', read_only: true },
            { type: 'volume', source: 'nfs' },
            { type: 'volume', source: 'plain' },
          ],
        },
      },
      volumes: {
        data: bound,
        nfs: { driver_opts: { type: 'nfs', o: 'addr=10.0.0.1,rw', device: ':/export' } },
        plain: {},
        relative: { driver_opts: { type: 'none', o: 'bind', device: './data' } },
      },
    });
    expect(paths).toEqual([
      { service: 'web', path: '/src/data', writable: true, volume: 'data' },
      { service: 'web', path: '/src/data', writable: false, volume: 'data' },
    ]);
    expect(problems).toEqual([
      'the device ./data of the volume relative is not an absolute path: Compose completes it only with `driver: local` and exactly `o: bind`',
    ]);
  });

  it('names the seccomp profiles that are files', () => {
    const options = [
      'seccomp:./infra/chrome.json',
      'seccomp=/etc/x.json',
      'seccomp:unconfined',
      'apparmor:y',
      'no-new-privileges:true',
    ];
    expect(model({ services: { web: { security_opt: options } } }).paths).toEqual([
      { service: 'web', path: '/src/app/infra/chrome.json', writable: false },
      { service: 'web', path: '/etc/x.json', writable: false },
    ]);
  });

  it('names images that are not those of services', () => {
    const { otherImages } = model({
      services: {
        web: {
          image: 'web',
          volumes: [{ type: 'image', source: 'static:1', target: '/static' }],
          pre_start: [{ command: ['a'] }, { image: 'init:1' }],
        },
      },
    });
    expect(otherImages).toEqual({ 'web:/static': 'static:1', 'web:pre_start[1]': 'init:1' });
  });

  it('refuses what Compose cannot copy into a read-only service', () => {
    const { problems } = model({
      services: {
        web: { read_only: true, secrets: [{ source: 's' }, { source: 'f' }] },
        job: { secrets: [{ source: 's' }] },
      },
      secrets: { s: { environment: 'S' }, f: { file: '/f' } },
    });
    expect(problems).toEqual([
      'web is read_only, so Compose cannot copy the secret s into it, which comes from `environment:`: use `file:`, and env-files to write that file',
    ]);
  });

  it('refuses configs and secrets that only Swarm has, where a service uses them', () => {
    const { problems } = model({
      services: { web: { secrets: [{ source: 's' }], configs: [{ source: 'c' }] } },
      secrets: { s: { external: true, name: 's' }, unused: { external: true } },
      configs: { c: { file: '/c' } },
    });
    expect(problems).toEqual([
      'web uses the secret s, which is `external`, and only Swarm has those; use `file:`, and env-files to write that file',
    ]);
  });

  it('refuses services that have no container', () => {
    const { problems } = model({ services: { web: {}, ai: { provider: { type: 'model', options: {} } } } });
    expect(problems).toEqual([
      'ai has `provider: model`, so it has no container that a deploy could check or roll back: start it on the server yourself, and leave it out of this deploy (with a profile, for example)',
    ]);
  });

  it('has dollars in paths as they are on the disk', () => {
    const { paths } = model({
      services: { web: { volumes: [{ type: 'bind', source: '/src/a$$b' }], configs: [{ source: 'c' }] } },
      configs: { c: { file: '/src/$$$$' } },
    });
    expect(paths.map(({ path }) => path)).toEqual(['/src/a$b', '/src/$$']);
  });

  it('reports which secrets each build reads, and where from', () => {
    const { buildSecrets } = model({
      services: {
        web: { build: { secrets: [{ source: 'token' }, { source: 'key', target: 'mine' }, { source: 'odd' }] } },
        db: { build: {} },
      },
      secrets: { token: { environment: 'TOKEN' }, key: { file: '/src/a$$b' }, odd: { external: true } },
    });
    expect(buildSecrets).toEqual({
      web: [
        { id: 'token', from: 'env=TOKEN' },
        { id: 'mine', from: 'src=/src/a$$b' },
        { id: 'odd', from: undefined },
      ],
    });
  });

  it('has what its builds say to bake alone from the YAML of Compose', () => {
    const plain = model({ services: { web: { build: { context: '.' } }, db: { build: { context: 'db' } } } });
    const yaml = 'services:\n  web:\n    build:\n      context: .\n      x-bake: {no-cache: true}\n';
    expect(withBake(plain, yaml)).toEqual({
      ...plain,
      builds: { web: { context: '.', 'x-bake': { 'no-cache': true } }, db: { context: 'db' } },
    });
    expect(withBake(plain, 'a: "').problems).toEqual([
      expect.stringContaining('x-bake: the output of `docker compose config`'),
    ]);
  });

  it('is empty when Compose printed something else', () => {
    const empty = {
      name: '',
      services: [],
      images: {},
      builds: {},
      buildSecrets: {},
      onPlatform: [],
      envFiles: [],
      paths: [],
      otherImages: {},
      fromEnvironment: [],
      problems: [],
    };
    for (const text of ['', 'x', '[]', 'null', '{"services": []}']) expect(readModel(text, '/src/app')).toEqual(empty);
  });

  it('is read or empty, whatever was printed', () => {
    const json = fc.jsonValue();
    const near = fc.record({
      name: json,
      services: fc.dictionary(
        fc.string(),
        fc.record({
          image: json,
          build: json,
          volumes: fc.array(fc.record({ type: fc.constant('bind'), source: json })),
          configs: fc.array(fc.record({ source: json })),
        }),
      ),
      configs: json,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          near.map((value) => JSON.stringify(value)),
        ),
        (text) =>
          readModel(text, '/src/app').paths.every(
            ({ path, service }) => typeof path === 'string' && typeof service === 'string',
          ),
      ),
      { numRuns: 500 },
    );
  });
});
