import { describe, expect, it } from 'vitest';
import { releaseOf } from '../../fixtures/builders.ts';
import type { Source } from '../../src/model/release.ts';
import { sourceProblem } from '../../src/plan/source.ts';

const repository = 'github.com/acme/mono';
const problem = (before: Source | undefined, now: Source, project = 'mono') =>
  sourceProblem(
    { host: 'web1', currentRelease: before === undefined ? undefined : { ...releaseOf({ project }), source: before } },
    'mono',
    now,
  );

describe('a release of the project that is there', () => {
  const blog: Source = { repository, files: ['apps/blog/compose.yml'] };

  it.each<readonly [string, Source | undefined, Source]>([
    ['comes from the same place', blog, blog],
    ['has one compose file more', blog, { repository, files: ['apps/blog/compose.yml', 'apps/blog/prod.yml'] }],
    ['has another of the usual names', blog, { repository, files: ['apps/blog/docker-compose.yaml'] }],
    ['comes from a folder of which only this machine knows', blog, { files: blog.files }],
    ['replaces one that does not tell', undefined, blog],
  ])('%s: it is the same application', (_, before, now) => {
    expect(problem(before, now)).toBeUndefined();
  });

  it('from another compose file is another application', () => {
    expect(problem(blog, { repository, files: ['apps/shop/compose.yml'] })).toBe(
      'web1: project mono was last deployed from github.com/acme/mono: apps/blog/compose.yml, but this is github.com/acme/mono: apps/shop/compose.yml: if these are two applications, set project-name (or `name:` in the compose file) for this one; if the application moved, set accept to other-source',
    );
    expect(problem({ files: ['blog.yml'] }, { files: ['shop.yml'] })).toBeDefined();
  });

  it('of another project, in the same folder, is another application or one that was renamed', () => {
    expect(problem(blog, blog, 'blog')).toBe(
      "web1: the application's folder belongs to project blog, but this is project mono: if these are two applications, set another path for this one; if the project was renamed, set project-name to blog, or its volumes will not be used; to go on anyway, set accept to other-source",
    );
  });

  it('from another repository is another application', () => {
    expect(problem(blog, { ...blog, repository: 'github.com/acme/other' })).toContain('github.com/acme/other');
  });
});
