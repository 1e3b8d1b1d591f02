import { describe, expect, it } from 'vitest';
import { configJson, configYaml, testDown, up } from '../../src/commands/compose.ts';
import { gitFacts, gitModified, gitTimes, gitTracked } from '../../src/commands/git.ts';
import { loginFolder, releaseFolder, sealedFile, sharedPath } from '../../src/commands/paths.ts';
import { type Command, shellLine } from '../../src/model/command.ts';

const files = { files: ['/src/compose.yml', '/src/compose.prod.yml'], project: 'shop', profiles: ['web', 'jobs'] };
const tests = { files: ['/src/compose.test.yml'], project: 'test-1a2b' };

describe('a command line', () => {
  it.each<readonly [string, Command, string]>([
    [
      'reads the compose files',
      configJson(files, { RELEASE_COMMIT: 'abc' }),
      'env RELEASE_COMMIT=abc docker compose --project-name shop --file /src/compose.yml --file /src/compose.prod.yml --profile web --profile jobs config --format json',
    ],
    [
      'reads one without project and profiles',
      configJson({ files: ['a.yml'] }, {}),
      'docker compose --file a.yml config --format json',
    ],
    ['reads what bake is told', configYaml({ files: ['a.yml'] }, {}), 'docker compose --file a.yml config'],
    [
      'removes all of the tests',
      testDown(tests),
      'docker compose --project-name test-1a2b --file /src/compose.test.yml down --volumes --remove-orphans --rmi local --timeout 2',
    ],
    [
      'brings a release up without building or pulling',
      up('/opt/shop/releases/r1/compose.yml', 'shop', ['--remove-orphans']),
      'docker compose --project-name shop --file /opt/shop/releases/r1/compose.yml up --detach --no-build --pull never --remove-orphans',
    ],
    [
      'asks git about the commit',
      gitFacts,
      "sh -c 'git rev-parse --show-toplevel && git log -1 --format=%H%n%cI && git rev-parse --abbrev-ref HEAD && git log -1 --format=%s%n%an && { git remote get-url origin 2>/dev/null || true; }' korrigo-git",
    ],
    [
      'lists what git tracks, submodules included where git can',
      gitTracked('/src'),
      "cd -- /src && sh -c 'git ls-files -z --stage --recurse-submodules 2>/dev/null || git ls-files -z --stage' korrigo-tracked",
    ],
    [
      'asks when files were changed',
      gitTimes('/src', ['a b', ':!x']),
      "cd -- /src && git --literal-pathspecs log --format=%x01%ct --name-only -z --no-renames -- 'a b' ':!x'",
    ],
    ['compares with the commit', gitModified('/src'), 'cd -- /src && git status --porcelain --untracked-files=no'],
  ])('%s', (_, command, line) => {
    expect(shellLine(command)).toBe(line);
  });
});

it('paths on a server lie below the folder of the application', () => {
  expect([
    releaseFolder('/opt/shop', 'r1'),
    sealedFile('/opt/shop', 'r1'),
    sharedPath('/opt/shop', 'secrets/key'),
    loginFolder('/tmp', 'korrigo-1a'),
  ]).toEqual([
    '/opt/shop/releases/r1',
    '/opt/shop/releases/r1/compose.yml',
    '/opt/shop/shared/secrets/key',
    '/tmp/.login-korrigo-1a',
  ]);
});
