import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commit, digest, releaseOf } from '../../fixtures/builders.ts';
import { parseRelease, releaseId } from '../../src/model/release.ts';

describe('the id of a release', () => {
  it('is the time in UTC and the start of the commit', () => {
    expect(releaseId(new Date('2026-02-03T04:05:06.789+01:00'), commit)).toBe('20260203-030506-c0ffee012345');
  });

  it('sorts by time', () => {
    const ids = ['2025-12-31T23:59:59Z', '2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'].map((time) =>
      releaseId(new Date(time), commit),
    );
    expect(ids.toSorted()).toEqual(ids);
  });
});

describe('a release', () => {
  it('comes back from its JSON as it was', () => {
    expect(parseRelease(JSON.stringify(releaseOf()))).toEqual({ release: releaseOf() });
  });

  it('may say where it comes from, or not, as those of earlier versions', () => {
    const source = { repository: 'github.com/acme/shop', files: ['compose.yml'] };
    expect(parseRelease(JSON.stringify(releaseOf({ source })))).toEqual({ release: releaseOf({ source }) });
    for (const [given, read] of [
      [{ files: ['a.yml', 7] }, { files: ['a.yml'] }],
      [{ repository: 7 }, { files: [] }],
    ])
      expect(parseRelease(JSON.stringify({ ...releaseOf(), source: given }))).toEqual({
        release: { ...releaseOf(), source: read },
      });
    expect(parseRelease(JSON.stringify({ ...releaseOf(), source: 'x' }))).toEqual({ release: releaseOf() });
  });

  it('drops what does not belong to it', () => {
    const text = JSON.stringify({ ...releaseOf(), extra: true });
    expect(parseRelease(text)).toEqual({ release: releaseOf() });
  });

  const notJson = 'is not JSON; pass on the `release` output of a `push` unchanged';
  const notPinned = 'has an image that is not of the form name@sha256:<64 digits>';
  const builtMissing = 'does not say which services were built';
  it.each<readonly [string, unknown, string]>([
    ['a number', 7, notJson],
    ['a list', [releaseOf()], notJson],
    ['null', null, notJson],
    ['nothing in it', {}, 'has no commit'],
    ['a short commit', { ...releaseOf(), commit: 'c0ffee0' }, 'has no commit'],
    ['a commit in upper case', { ...releaseOf(), commit: commit.toUpperCase() }, 'has no commit'],
    ['no time of its commit', { ...releaseOf(), committedAt: undefined }, 'has no commit date'],
    ['a time that is none', { ...releaseOf(), committedAt: 'yesterday' }, 'has no commit date'],
    ['an id that leads elsewhere', { ...releaseOf(), id: '../../etc' }, 'has no valid id'],
    ['an id with a line end', { ...releaseOf(), id: `${releaseOf().id}\n` }, 'has no valid id'],
    ['no project', { ...releaseOf(), project: '' }, 'has no project'],
    ['a project that is no name', { ...releaseOf(), project: '../x' }, 'has no project'],
    ['no images', { ...releaseOf(), images: undefined }, notPinned],
    ['an image by its tag', { ...releaseOf(), images: { web: 'nginx:1' } }, notPinned],
    ['an image with a short digest', { ...releaseOf(), images: { web: 'nginx@sha256:abc' } }, notPinned],
    ['an image with a blank', { ...releaseOf(), images: { web: `a b@${digest('1')}` } }, notPinned],
    ['an image with a shell in it', { ...releaseOf(), images: { web: `$(id)@${digest('1')}` } }, notPinned],
    ['no list of what was built', { ...releaseOf(), built: 'web' }, builtMissing],
    ['a built service that it has not', { ...releaseOf(), built: ['api'] }, builtMissing],
    ['a built service that only every object has', { ...releaseOf(), built: ['toString'] }, builtMissing],
  ])('is refused with %s', (_, value, problem) => {
    expect(parseRelease(JSON.stringify(value))).toEqual({ problem });
  });

  it('is refused when its text was interrupted', () => {
    expect(parseRelease(JSON.stringify(releaseOf()).slice(0, -1))).toEqual({ problem: notJson });
    expect(parseRelease('')).toEqual({ problem: notJson });
  });

  it('is refused or of its documented form, whatever the text', () => {
    const odd = fc.anything({ withNullPrototype: false });
    const near = fc.record({
      id: fc.oneof(fc.constant(releaseOf().id), odd),
      commit: fc.oneof(fc.constant(commit), odd),
      committedAt: fc.oneof(fc.constant(releaseOf().committedAt), odd),
      project: fc.oneof(fc.constant('shop'), odd),
      images: fc.oneof(
        fc.constant(releaseOf().images),
        fc.dictionary(fc.string(), fc.constant(`a@${digest('1')}`)),
        odd,
      ),
      built: fc.oneof(fc.constant(['web']), fc.array(fc.string()), odd),
    });
    const text = fc.oneof(fc.string(), fc.json(), near.map(asJson));
    fc.assert(
      fc.property(text, (given) => {
        const parsed = parseRelease(given);
        if ('problem' in parsed) return;
        const { id, project, images, built } = parsed.release;
        expect(`${project} ${id}`).toMatch(/^[a-z0-9][a-z0-9_-]* \d{8}-\d{6}-[0-9a-f]{12}$/);
        for (const image of Object.values(images)) expect(image).toMatch(/^[^\s'"$`;]+@sha256:[0-9a-f]{64}$/);
        for (const service of built) expect(Object.keys(images)).toContain(service);
      }),
      { numRuns: 3000 },
    );
  });
});

function asJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ?? '';
}
