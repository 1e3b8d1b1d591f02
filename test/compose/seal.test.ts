import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { commit, digest, releaseOf } from '../../fixtures/builders.ts';
import { pathsTable, pinsFile, releaseEnv, runnerOverride } from '../../src/compose/seal.ts';
import { makeItem } from '../../src/compose/ship.ts';
import type { Sources } from '../../src/compose/sources.ts';

const variables = { image: [], build: [], elsewhere: [], required: [] };

describe('pins.yml', () => {
  it('pins every image, builds nothing and leaves no profile to choose', () => {
    const release = releaseOf({ images: { web: `a/web@${digest('1')}`, 'my.db': `db@${digest('2')}` } });
    expect(pinsFile(['web', 'my.db', 'nothing'], release)).toBe(
      [
        'name: "shop"',
        'services:',
        `  "web": {image: "a/web@${digest('1')}", build: !reset null, profiles: !reset []}`,
        `  "my.db": {image: "db@${digest('2')}", build: !reset null, profiles: !reset []}`,
        '  "nothing": {profiles: !reset []}',
        '',
      ].join('\n'),
    );
  });

  it.each(['1e3', '007', 'true', 'null', '0x1f', '12'])('has the project %j as a text', (project) => {
    expect(parse(pinsFile(['web'], releaseOf({ project })), { logLevel: 'silent' })).toMatchObject({ name: project });
  });
});

describe('the override of the runner', () => {
  it('removes every env_file, also one that a service has from another or by a variable', () => {
    expect(runnerOverride({ services: ['web', 'my.db'], envFiles: ['.env'] })).toBe(
      'services:\n  "web": {env_file: !reset []}\n  "my.db": {env_file: !reset []}\nx-env-files: []\n',
    );
  });

  it('lets Compose tell which env_file a variable means', () => {
    expect(parse(runnerOverride({ services: [], envFiles: ['.env', 'a/.env.${X:-"y"}'] }))).toEqual({
      services: {},
      'x-env-files': ['a/.env.${X:-"y"}'],
    });
  });

  it('is a compose file even when there is nothing to remove', () => {
    expect(runnerOverride({ services: [], envFiles: [] })).toBe('services: {}\nx-env-files: []\n');
  });
});

describe('release.env', () => {
  const env = (names: Partial<Sources['variables']>, values: Readonly<Record<string, string>> = {}) =>
    releaseEnv({ ...variables, ...names }, values, releaseOf());
  const known = `RELEASE_COMMIT='${commit}'\n`;

  it('has the commit', () => {
    expect(env({})).toBe(known);
  });

  it('has what an image needs, as the runner knows it', () => {
    expect(env({ image: ['TAG', 'UNSET'] }, { TAG: 'v1', OTHER: 'x' })).toBe(`TAG='v1'\nUNSET=''\n${known}`);
  });

  it('keeps the server from asking for what only a build needs, and does not tell its value', () => {
    expect(env({ build: ['TOKEN'] }, { TOKEN: 'hunter2' })).toBe(`TOKEN='only-at-build'\n${known}`);
  });

  it('leaves to the server what others need too', () => {
    expect(env({ build: ['A', 'B'], elsewhere: ['A'] }, { A: '1' })).toBe(`B='only-at-build'\n${known}`);
  });

  it('has the value for a build that an image needs too', () => {
    expect(env({ build: ['TAG'], image: ['TAG'] }, { TAG: 'v1' })).toBe(`TAG='v1'\n${known}`);
  });

  it('quotes values so that Compose reads them back as they are', () => {
    expect(env({ image: ['X'] }, { X: `a'b "c" $d #e` })).toBe(`X='a\\'b "c" $d #e'\n${known}`);
  });

  it('always has the real commit', () => {
    expect(env({ image: ['RELEASE_COMMIT'] }, { RELEASE_COMMIT: 'forged' })).toBe(known);
  });
});

describe('the table of paths', () => {
  it('leads from a path to where its content lies', () => {
    const item = makeItem('conf/a b.conf', []);
    expect(pathsTable([item], '/opt/shop')).toBe(`conf/a b.conf\t/opt/shop/${item.place}\n`);
  });

  it('has dollars and quotes in all the ways in which Compose writes them', () => {
    const { hash, ...item } = makeItem("it's $1", []);
    const place = `/opt/shop/files/${hash}`;
    expect(pathsTable([{ hash, ...item }], '/opt/shop').split('\n')).toEqual([
      `it's $1\t${place}/it's $1`,
      `it's $$1\t${place}/it's $$1`,
      `it''s $1\t${place}/it''s $1`,
      `it''s $$1\t${place}/it''s $$1`,
      '',
    ]);
  });
});
