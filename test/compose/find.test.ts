import { describe, expect, it } from 'vitest';
import { findComposeFiles, type Search } from '../../src/compose/find.ts';

const find = async (
  there: readonly string[],
  given: Partial<Pick<Search, 'folder' | 'named'>> & { readonly env?: Readonly<Record<string, string>> } = {},
  untracked: readonly string[] = [],
) =>
  await findComposeFiles({
    folder: given.folder ?? '',
    named: given.named ?? [],
    variable: (name) => given.env?.[name],
    tracked: new Map(there.map((path) => [path, '100644'])),
    exists: async (path) => there.includes(path) || untracked.includes(path),
  });

describe('the compose files that Compose would take', () => {
  it.each([
    ['one of the usual names', ['compose.yml'], {}, ['compose.yml']],
    ['the first of the usual names', ['docker-compose.yml', 'compose.yml', 'compose.yaml'], {}, ['compose.yaml']],
    ['in the order of Compose', ['docker-compose.yaml', 'docker-compose.yml'], {}, ['docker-compose.yml']],
    [
      'with the override beside it',
      ['compose.yml', 'compose.override.yml'],
      {},
      ['compose.yml', 'compose.override.yml'],
    ],
    [
      'with an override of another name',
      ['docker-compose.yml', 'docker-compose.override.yaml'],
      {},
      ['docker-compose.yml', 'docker-compose.override.yaml'],
    ],
    ['in a folder', ['compose.yml', 'app/compose.yml'], { folder: 'app' }, ['app/compose.yml']],
    [
      'above a folder, with its override',
      ['app/compose.yml', 'app/compose.override.yml', 'app/web/src/x'],
      { folder: 'app/web/src' },
      ['app/compose.yml', 'app/compose.override.yml'],
    ],
    [
      'those that are named, without an override',
      ['a.yml', 'compose.override.yml'],
      { named: ['a.yml', '../b.yml'], folder: 'x' },
      ['x/a.yml', 'b.yml'],
    ],
    [
      'those of COMPOSE_FILE',
      ['compose.yml', 'compose.override.yml'],
      { env: { COMPOSE_FILE: 'compose.yml:sub/extra.yml' }, folder: 'app' },
      ['app/compose.yml', 'app/sub/extra.yml'],
    ],
    [
      'with another separator',
      [],
      { env: { COMPOSE_FILE: 'a.yml;b.yml', COMPOSE_PATH_SEPARATOR: ';' } },
      ['a.yml', 'b.yml'],
    ],
    [
      'as they are named, whatever COMPOSE_FILE says',
      [],
      { env: { COMPOSE_FILE: 'a.yml' }, named: ['b.yml'] },
      ['b.yml'],
    ],
  ])('are %s', async (_, there, given, files) => {
    expect(await find(there, given)).toEqual({ files, notes: [], problems: [] });
  });

  it('are used without an override that is not in git, and that is said', async () => {
    expect(await find(['compose.yml'], {}, ['compose.override.yml'])).toEqual({
      files: ['compose.yml'],
      notes: ['compose.override.yml is not in git, so it is ignored; to use it, list it in compose-file'],
      problems: [],
    });
  });

  it('are named where they are, in folders below', async () => {
    const names = 'compose.yaml, compose.yml, docker-compose.yml, docker-compose.yaml';
    const [problem] = (await find(['docker/docker-compose.yml'])).problems;
    expect(problem).toBe(
      `compose-file: is not set, and the checkout has none of ${names}; set it to the right one: docker/docker-compose.yml`,
    );
    const many = ['a', 'b', 'c', 'd', 'e'].map((folder) => `${folder}/compose.yml`);
    expect((await find(many)).problems[0]).toMatch(/: a\/compose\.yml, b\/compose\.yml, c\/compose\.yml and 2 more$/);
  });

  it('are none where there are none, and none outside the repository', async () => {
    expect((await find(['x/compose.prod.yml'])).problems).toEqual([
      'compose-file: is not set, and the checkout has none of compose.yaml, compose.yml, docker-compose.yml, docker-compose.yaml',
    ]);
    expect((await find([], { named: ['../a.yml', '/etc/b.yml'] })).problems).toEqual([
      'compose-file: "../a.yml" is outside the repository',
      'compose-file: "/etc/b.yml" is outside the repository',
    ]);
    expect((await find([], { env: { COMPOSE_FILE: 'a.yml:../b.yml' } })).problems).toEqual([
      'compose-file: COMPOSE_FILE: "../b.yml" is outside the repository',
    ]);
  });
});
