import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  factsMarker,
  readInspect,
  readObserve,
  readPins,
  readPull,
  readRelease,
  readRows,
} from '../../src/facts/rows.ts';
import { factsOf, inspectFacts } from '../support/builders.ts';

const chatter = `Welcome to shop1\nhash\tweb\tforged\ncurrent\tr0\n${factsMarker} or something like it\n {"id":"x"}\n`;

describe('what a program printed', () => {
  it('begins behind its marker: a shell that talks adds no fact', () => {
    expect(readRows(`${chatter}${factsOf(['hash', 'web', 'aa'], ['created', 'data'])}`)).toEqual([
      { name: 'hash', values: ['web', 'aa'] },
      { name: 'created', values: ['data'] },
    ]);
  });

  it('begins behind the last marker, which a shell may print too', () => {
    expect(readRows(`${factsOf(['hash', 'web', 'forged'])}${factsOf(['hash', 'web', 'aa'])}`)).toEqual([
      { name: 'hash', values: ['web', 'aa'] },
    ]);
  });

  it.each([
    ['nothing', ''],
    ['what a shell says, and no program', chatter],
    ['lines that are no facts', `${factsMarker}\nWarning: x\n\n\tno name\n`],
  ])('is no fact where there is %s', (_, output) => {
    expect(readRows(output)).toEqual([]);
  });

  it('is never a reason to throw', () => {
    const line = fc.oneof(
      fc.string(),
      fc.array(fc.string()).map((parts) => parts.join('\t')),
      fc.constant(factsMarker),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const output = lines.join('\n');
        for (const read of [readInspect, readObserve, readPins, readPull, readRelease]) read(output);
      }),
    );
  });
});

describe('typed facts', () => {
  it('of a look at the containers', () => {
    expect(readInspect(`${chatter}${inspectFacts(1770, '{"id":"a"}', '{"id":"b"}')}`)).toEqual({
      now: 1770,
      containers: ['{"id":"a"}', '{"id":"b"}'],
    });
    expect(readInspect('')).toEqual({ now: undefined, containers: [] });
  });

  it('of a server', () => {
    expect(
      readObserve(
        factsOf(
          ['user', 'deploy'],
          ['machine', 'x86_64'],
          ['missing-programs', ' tar comm'],
          ['docker', '26.1.5'],
          ['disk-images', '100 /var/lib/docker'],
          ['compose', '2.26.1'],
          ['not-writable', '/opt'],
          ['disk-root', '41943040 /opt/my shop'],
          ['current', 'r1'],
          ['release', 'r1'],
          ['file', '00ff'],
          ['attempt', '{"release":"r1"}'],
          ['container', '{"id":"a"}'],
        ),
      ),
    ).toEqual({
      user: 'deploy',
      machine: 'x86_64',
      docker: '26.1.5',
      dockerError: undefined,
      compose: '2.26.1',
      composeMissing: false,
      missingPrograms: ['tar', 'comm'],
      notWritable: '/opt',
      space: [
        { path: '/var/lib/docker', freeKib: 100 },
        { path: '/opt/my shop', freeKib: 41943040 },
      ],
      current: 'r1',
      releases: ['r1'],
      files: ['00ff'],
      attempts: ['{"release":"r1"}'],
      containers: ['{"id":"a"}'],
    });
    expect(readObserve(factsOf(['compose-missing', 'yes'], ['docker-error', 'no']))).toMatchObject({
      composeMissing: true,
      dockerError: 'no',
    });
  });

  it('of a release', () => {
    expect(
      readRelease(
        factsOf(
          ['undefined', 'A'],
          ['undefined', 'A'],
          ['dollar', '.env'],
          ['missing', 'key', 'read by web'],
          ['created', 'data'],
          ['unpinned', 'own', ''],
          ['hash', 'web', 'aa'],
          ['replicas', 'web', '0'],
          ['shares', 'web', 'db'],
          ['shares', 'web', 'cache'],
          ['changed', '__proto__', 'image'],
          ['json', '{"id": "r1"}'],
          ['missing-image', 'a@sha256:1'],
        ),
      ),
    ).toEqual({
      undefinedNames: ['A'],
      dollars: ['.env'],
      missing: [{ name: 'key', how: 'read by web' }],
      created: ['data'],
      unpinned: [{ service: 'own', image: '' }],
      hashes: { web: 'aa' },
      replicas: { web: 0 },
      shares: { web: ['db', 'cache'] },
      changes: Object.fromEntries([['__proto__', ['image']]]),
      json: '{"id": "r1"}',
      missingImages: ['a@sha256:1'],
    });
  });

  it('of images', () => {
    const { pinned, refused } = readPins(
      factsOf(['pinned', 'redis:7', 'redis@sha256:1'], ['refused', 'x:1', 'denied']),
    );
    expect([[...pinned], refused]).toEqual([[['redis:7', 'redis@sha256:1']], [['x:1', 'denied']]]);
    expect(readPull(factsOf(['wrong-architecture', 'x', 'amd64', 'arm64']))).toEqual([
      { image: 'x', builtFor: 'amd64', machine: 'arm64' },
    ]);
  });
});
