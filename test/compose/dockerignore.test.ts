import { describe, expect, it } from 'vitest';
import { dockerignore } from '../../src/compose/dockerignore.ts';

describe('a .dockerignore', () => {
  it.each([
    ['a name', 'notes.txt', 'notes.txt', true],
    ['a name elsewhere', 'notes.txt', 'docs/notes.txt', false],
    ['a folder', 'node_modules', 'node_modules/', true],
    ['what is below a folder', 'node_modules/', 'node_modules/a/b.js', true],
    ['everything below a folder', 'build/**', 'build/', true],
    ['a name at any depth', '**/.env', 'a/b/.env', true],
    ['a name at any depth, at the top', '**/.env', '.env', true],
    ['an ending', '*.log', 'x.log', true],
    ['an ending, not below', '*.log', 'a/x.log', false],
    ['a path from the top', '/tmp', 'tmp/', true],
    ['an exception', '*\n!src', 'src/a.ts', false],
    ['an exception, and what it does not name', '*\n!src', 'notes.txt', true],
    ['a comment', '# notes.txt', 'notes.txt', false],
    ['a dot that is one', 'a.b', 'axb', false],
    ['a pattern that Docker refuses', '[', 'x', false],
    ['nothing', '', 'x', false],
  ])('knows %s', (_, text, path, excluded) => {
    expect(dockerignore(text)(path)).toBe(excluded);
  });
});
