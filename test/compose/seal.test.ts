import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { commit, digest, releaseOf } from '../../fixtures/builders.ts';
import { readModel } from '../../src/compose/model.ts';
import { imagesTable, pathsTable, pinsFile, releaseEnv, runnerOverride } from '../../src/compose/seal.ts';
import { makeItem } from '../../src/compose/ship.ts';
import type { Sources } from '../../src/compose/sources.ts';

const variables = { image: [], build: [], elsewhere: [], required: [] };

describe('pins.yml', () => {
  it('pins every image, builds nothing and leaves no profile to choose', () => {
    const release = releaseOf({ images: { web: `a/web@${digest('1')}`, 'my.db': `db@${digest('2')}` } });
    expect(pinsFile({ services: ['web', 'my.db', 'nothing'], fromEnvironment: [] }, release)).toBe(
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

  it('asks Compose for the values of configs and secrets that come from the environment', () => {
    const text = pinsFile({ services: ['web'], fromEnvironment: ['TOKEN'] }, releaseOf());
    expect(parse(text, { logLevel: 'silent' })).toMatchObject({ 'x-korrigo-environment': { TOKEN: '${TOKEN}' } });
  });

  it.each(['1e3', '007', 'true', 'null', '0x1f', '12'])('has the project %j as a text', (project) => {
    expect(
      parse(pinsFile({ services: ['web'], fromEnvironment: [] }, releaseOf({ project })), { logLevel: 'silent' }),
    ).toMatchObject({ name: project });
  });
});

describe('the override of the runner', () => {
  it('removes every env_file, also one that a service has from another or by a variable', () => {
    expect(runnerOverride({ services: ['web', 'my.db'], envFiles: ['.env'], labelFiles: [] })).toBe(
      'services:\n  "web": {env_file: !reset []}\n  "my.db": {env_file: !reset []}\nx-env-files: []\n',
    );
  });

  it('lets Compose tell which env_file a variable means', () => {
    expect(parse(runnerOverride({ services: [], envFiles: ['.env', 'a/.env.${X:-"y"}'], labelFiles: [] }))).toEqual({
      services: {},
      'x-env-files': ['a/.env.${X:-"y"}'],
    });
  });

  it('removes every label_file where there is one: a Compose that does not know the key would refuse it', () => {
    expect(runnerOverride({ services: ['web'], envFiles: [], labelFiles: ['a.labels', '${X}.labels'] })).toBe(
      'services:\n  "web": {env_file: !reset [], label_file: !reset []}\nx-env-files: ["${X}.labels"]\n',
    );
  });

  it('is a compose file even when there is nothing to remove', () => {
    expect(runnerOverride({ services: [], envFiles: [], labelFiles: [] })).toBe('services: {}\nx-env-files: []\n');
  });
});

describe('release.env', () => {
  const env = (names: Partial<Sources['variables']>, values: Readonly<Record<string, string>> = {}) =>
    releaseEnv({ ...variables, ...names }, values, releaseOf());
  const known = `RELEASE_COMMIT="${commit}"\n`;

  it('has the commit', () => {
    expect(env({})).toBe(known);
  });

  it('has what an image needs, as the runner knows it', () => {
    expect(env({ image: ['TAG', 'UNSET'] }, { TAG: 'v1', OTHER: 'x' })).toBe(`TAG="v1"\n${known}`);
  });

  it('keeps the server from asking for what only a build needs, and does not tell its value', () => {
    expect(env({ build: ['TOKEN'] }, { TOKEN: 'hunter2' })).toBe(`TOKEN="only-at-build"\n${known}`);
  });

  it('leaves to the server what others need too', () => {
    expect(env({ build: ['A', 'B'], elsewhere: ['A'] }, { A: '1' })).toBe(`B="only-at-build"\n${known}`);
  });

  it('has the value for a build that an image needs too', () => {
    expect(env({ build: ['TAG'], image: ['TAG'] }, { TAG: 'v1' })).toBe(`TAG="v1"\n${known}`);
  });

  it('quotes values so that Compose reads them back as they are', () => {
    expect(env({ image: ['X'] }, { X: `a'b "c" $d #e\\` })).toBe(`X="a'b \\"c\\" \\$d #e\\\\"\n${known}`);
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
});

it('the table of images leads from one of a volume or a hook to the same by digest', () => {
  const model = { ...readModel('', ''), otherImages: { 'web:/a': 'static:1', 'web:/b': 'static:1', 'web:/c': 'new' } };
  const pinned = `static@${digest('1')}`;
  expect(imagesTable(model, releaseOf({ images: { 'web:/a': pinned, 'web:/b': pinned } }))).toBe(
    `static:1\t${pinned}\n`,
  );
});
