import { describe, expect, it } from 'vitest';
import { commit } from '../../fixtures/builders.ts';
import {
  allowances,
  attestations,
  bakeDefinition,
  entitlements,
  secretProblems,
  tagsOf,
} from '../../src/compose/definition.ts';
import type { ComposeModel } from '../../src/compose/model.ts';
import { buildTargets } from '../../src/compose/targets.ts';

const model: ComposeModel = {
  name: 'shop',
  services: ['web', 'cache'],
  images: { web: 'site', cache: 'redis:7' },
  builds: {
    web: { context: '/src', args: { A: '$$1' }, labels: { mine: 'x', 'org.opencontainers.image.revision': 'old' } },
  },
  buildSecrets: {},
  onPlatform: [],
  paths: [],
  envFiles: [],
  otherImages: {},
  fromEnvironment: [],
  problems: [],
};
const facts = {
  project: 'shop',
  commit,
  committedAt: '2026-02-03T04:00:00Z',
  source: 'https://github.com/acme/shop',
  tags: ['sha-c0ffee012345', 'main'],
  platforms: ['linux/amd64', 'linux/arm64'],
  cacheFrom: ['type=gha'],
  cacheTo: ['type=gha,mode=max'],
};
const targets = (of: ComposeModel, registry = 'ghcr.io/acme') => buildTargets(of, registry, 'shop');
const definition = (of = model, registry = 'ghcr.io/acme'): unknown =>
  JSON.parse(bakeDefinition(targets(of, registry), facts));

describe('the definition that bake gets', () => {
  it('has what Compose resolved, with our names, tags, labels, platforms and caches', () => {
    expect(definition()).toEqual({
      name: 'shop',
      services: {
        web: {
          image: 'ghcr.io/acme/shop-web:sha-c0ffee012345',
          build: {
            context: '/src',
            args: { A: '$$1' },
            tags: ['ghcr.io/acme/shop-web:sha-c0ffee012345', 'ghcr.io/acme/shop-web:main'],
            labels: {
              mine: 'x',
              'org.opencontainers.image.revision': commit,
              'org.opencontainers.image.created': '2026-02-03T04:00:00Z',
              'org.opencontainers.image.version': 'sha-c0ffee012345',
              'org.opencontainers.image.source': 'https://github.com/acme/shop',
            },
            'x-bake': { platforms: facts.platforms, 'cache-from': ['type=gha'], 'cache-to': ['type=gha,mode=max'] },
          },
        },
      },
    });
  });

  it('asks for keys of an agent in the words of bake', () => {
    const build = { context: '/src', ssh: ['default'] };
    const text = bakeDefinition(targets({ ...model, builds: { web: build } }), facts);
    expect(JSON.parse(text).services.web.build).toMatchObject({ 'x-bake': { ssh: ['default'] } });
    expect(JSON.parse(text).services.web.build).not.toHaveProperty('ssh');
  });

  it('says nothing about what was not asked for', () => {
    const text = bakeDefinition(targets(model), {
      ...facts,
      source: undefined,
      platforms: [],
      cacheFrom: [],
      cacheTo: [],
    });
    expect(text).toContain('"x-bake": {}');
    expect(text).not.toContain('image.source');
  });

  it('has no services when nothing is built', () => {
    expect(definition({ ...model, builds: {} })).toEqual({ name: 'shop', services: {} });
  });

  it('keeps the port of a registry and drops the tag of its own image', () => {
    const own = { ...model, images: { web: 'localhost:5000/acme/site:1.0' } };
    expect(definition(own, 'localhost:5000/acme')).toMatchObject({
      services: { web: { image: 'localhost:5000/acme/site:sha-c0ffee012345' } },
    });
  });
});

describe('what bake would ask a person for', () => {
  const asks = (build: Readonly<Record<string, unknown>>): readonly string[] =>
    allowances(targets({ ...model, builds: { web: build } }));

  it.each<readonly [string, Readonly<Record<string, unknown>>, readonly string[]]>([
    ['nothing but files', { context: '/src' }, ['fs=*']],
    ["the host's network", { network: 'host' }, ['fs=*', 'network.host']],
    ['another network', { network: 'none' }, ['fs=*']],
    ['all rights', { privileged: true }, ['fs=*', 'security.insecure']],
    ['rights by name', { entitlements: ['network.host', 'network.host'] }, ['fs=*', 'network.host']],
    ['keys of an agent', { ssh: ['default'] }, ['fs=*', 'ssh']],
    ['keys for bake alone', { 'x-bake': { ssh: 'default' } }, ['fs=*', 'ssh']],
  ])('is allowed when the file asks for it: %s', (_, build, allowed) => {
    expect(asks(build)).toEqual(allowed);
  });

  it('is told which build asks for rights: bake does not read that in a compose file', () => {
    const builds = {
      web: { privileged: true, entitlements: ['network.host'], 'x-bake': { entitlements: 'network.host' } },
      plain: { network: 'host' },
    };
    expect(entitlements(targets({ ...model, images: {}, builds }))).toEqual([
      'web.entitlements=security.insecure',
      'web.entitlements=network.host',
    ]);
  });
});

it('asks BuildKit to attest what the file itself says nothing about, with options: bake does not read that in a file', () => {
  const builds = {
    web: { context: '/src' },
    own: { sbom: 'generator=acme/scanner' },
    none: { provenance: false, sbom: 'false' },
  };
  expect(attestations(targets({ ...model, images: {}, builds }))).toEqual([
    'web.attest=type=provenance,mode=max',
    'web.attest=type=sbom',
    'own.attest=type=provenance,mode=max',
  ]);
});

it("keeps the secrets that are for bake alone, and takes another service's image from its build", () => {
  const builds = {
    base: { context: '/src/base' },
    'web.site': {
      context: '/src',
      additional_contexts: { base: 'service:base', docs: '/src/docs' },
      'x-bake': { secret: ['id=a,env=A'], tags: ['x'] },
    },
  };
  const of = { ...model, images: {}, builds, buildSecrets: { 'web.site': [{ id: 'b', from: 'env=B' }] } };
  expect(definition(of)).toMatchObject({
    services: {
      web_site: {
        build: {
          additional_contexts: { base: 'target:base', docs: '/src/docs' },
          'x-bake': { secret: ['id=a,env=A', 'id=b,env=B'] },
        },
      },
    },
  });
});

describe('the secrets of a build', () => {
  const secretive: ComposeModel = {
    ...model,
    builds: { web: { context: '/src', secrets: [{ source: 'token' }, { source: 'key', target: 'mine' }] } },
    buildSecrets: {
      web: [
        { id: 'token', from: 'env=TOKEN' },
        { id: 'mine', from: 'src=/src/a,"b$$' },
      ],
    },
  };

  it('are named to bake in its own form, without their values', () => {
    expect(definition(secretive)).toMatchObject({
      services: { web: { build: { 'x-bake': { secret: ['id=token,env=TOKEN', 'id=mine,"src=/src/a,""b$$"'] } } } },
    });
    expect(bakeDefinition(targets(secretive), facts)).not.toContain('"secrets"');
  });

  it('are fine when there is something to read', () => {
    expect(secretProblems(secretive, { TOKEN: 'hunter2' })).toEqual([]);
    expect(secretProblems(model, {})).toEqual([]);
  });

  it('are a problem when BuildKit would take an empty one', () => {
    const nowhere = { ...secretive, buildSecrets: { web: [{ id: 'token', from: undefined }] } };
    expect(secretProblems(secretive, { TOKEN: '' })).toEqual([
      'compose-file: the build of web needs the secret token, and TOKEN is not set; set it with `env:` on this step',
    ]);
    expect(secretProblems(nowhere, {})).toEqual([
      'compose-file: the secret token of the build of web has neither `file:` nor `environment:`',
    ]);
  });
});

describe('tags', () => {
  const tags = (overrides: Partial<Parameters<typeof tagsOf>[0]>) =>
    tagsOf({ custom: [], commit, ref: undefined, defaultBranch: false, ...overrides });

  it.each<readonly [string, Partial<Parameters<typeof tagsOf>[0]>, readonly string[]]>([
    ['the commit', {}, ['sha-c0ffee012345']],
    ['the branch', { ref: 'develop' }, ['sha-c0ffee012345', 'develop']],
    ['latest on the default branch', { ref: 'main', defaultBranch: true }, ['sha-c0ffee012345', 'main', 'latest']],
    ['a branch with slashes', { ref: 'feature/x/y' }, ['sha-c0ffee012345', 'feature-x-y']],
    ['a git tag', { ref: 'v1.2.3' }, ['sha-c0ffee012345', 'v1.2.3']],
    ['a branch with what no tag may hold', { ref: 'fix/größe #7+x' }, ['sha-c0ffee012345', 'fix-gr-e-7-x']],
    ['a branch that starts as no tag may', { ref: '.-x' }, ['sha-c0ffee012345', 'x']],
    ['no branch of which nothing is left', { ref: '///' }, ['sha-c0ffee012345']],
    ['a long branch, cut', { ref: 'x'.repeat(200) }, ['sha-c0ffee012345', 'x'.repeat(128)]],
    ['a branch called latest, once', { ref: 'latest', defaultBranch: true }, ['sha-c0ffee012345', 'latest']],
    ['those that were asked for and no others', { custom: ['edge'], ref: 'main', defaultBranch: true }, ['edge']],
  ])('are %s', (_, given, expected) => {
    expect(tags(given)).toEqual(expected);
  });

  it('are such as a registry takes, whatever the branch is called', () => {
    for (const ref of ['a b', 'ä', '日本語', '-', '..', 'a/../b', '@{u}', 'x\n', '$(id)']) {
      for (const tag of tags({ ref })) expect(tag).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/);
    }
  });
});
