import { describe, expect, it } from 'vitest';
import { defaultProject, repositoryName } from '../../src/compose/project.ts';

describe('a repository', () => {
  it.each([
    ['https://github.com/acme/shop', 'github.com/acme/shop'],
    ['https://github.com/Acme/Shop.git', 'github.com/acme/shop'],
    ['https://x-access-token:secret@github.com/acme/shop', 'github.com/acme/shop'],
    ['git@github.com:acme/shop.git', 'github.com/acme/shop'],
    ['ssh://git@git.example.com:2222/acme/shop.git/', 'git.example.com/acme/shop'],
    ['git.example.com:acme/group/shop', 'git.example.com/acme/group/shop'],
    ['/srv/git/shop.git', undefined],
    ['../shop', undefined],
    ['file:///srv/git/shop.git', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('at %s is %s', (address, name) => {
    expect(repositoryName(address)).toBe(name);
  });
});

describe('the name of a project', () => {
  it.each([
    ['https://github.com/acme/shop', '.', 'shop'],
    ['git@github.com:acme/My.Shop.git', '.', 'myshop'],
    ['/home/ada/shop/', '.', 'shop'],
    ['https://github.com/acme/mono', 'apps/blog', 'mono-apps-blog'],
    ['https://github.com/acme/mono', 'apps/_Wiki 2', 'mono-apps-wiki2'],
  ])('of %s and the folder %s is %s', (place, folder, name) => {
    expect(defaultProject(place, folder)).toEqual({ name });
  });

  it('cannot be made of everything', () => {
    expect(defaultProject('/', '.')).toEqual({
      problem:
        'project-name: is not set, and no valid name can be made from /; set it to up to 63 lower-case letters, digits, `-` and `_`, or set `name:` in the compose file',
    });
    expect(defaultProject('https://github.com/acme/x', 'a'.repeat(80))).toHaveProperty('problem');
  });
});
