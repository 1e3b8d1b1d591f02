import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readContainer } from '../../src/facts/containers.ts';

/** As `docker inspect` prints it through the format of containers.sh. */
const told = {
  id: 'abc123',
  name: '/shop-web-1',
  image: 'registry.example.com/shop-web@sha256:1',
  labels: ['web', 'f00d', 'False'],
  restarts: 2,
  state: {
    Status: 'exited',
    Running: false,
    OOMKilled: true,
    ExitCode: 137,
    Error: 'boom',
    StartedAt: '2026-02-03T04:05:06.789Z',
    FinishedAt: '0001-01-01T00:00:00Z',
    Health: { Status: 'unhealthy', FailingStreak: 3, Log: [{ Output: 'first' }, { ExitCode: 1, Output: 'refused\n' }] },
  },
};
const read = (value: unknown) => readContainer(JSON.stringify(value));

describe('a container', () => {
  it('is read from what Docker tells', () => {
    expect(read(told)).toMatchObject({
      id: 'abc123',
      name: 'shop-web-1',
      service: 'web',
      image: 'registry.example.com/shop-web@sha256:1',
      configHash: 'f00d',
      oneOff: false,
      status: 'exited',
      exitCode: 137,
      oomKilled: true,
      startedAt: '2026-02-03T04:05:06.789Z',
      restarts: 2,
      health: 'unhealthy',
      healthOutput: 'refused',
      error: 'boom',
    });
  });

  it.each([
    ['a one-off container', { ...told, labels: ['web', 'f00d', 'True'] }, { oneOff: true }],
    [
      'one whose healthcheck fails without a word',
      { ...told, state: { Health: { Status: 'starting', Log: [{ ExitCode: 1, Output: ' \n' }] } } },
      { health: 'starting', healthOutput: 'none (exit code 1)' },
    ],
    ['one without a healthcheck', { ...told, state: { Status: 'running' } }, { health: 'none', healthOutput: '' }],
    [
      'one whose healthcheck has not run yet',
      { ...told, state: { Health: { Status: 'starting', Log: null } } },
      { health: 'starting', healthOutput: '' },
    ],
    ['one whose healthcheck was switched off', { ...told, state: { Health: { Status: 'none' } } }, { health: 'none' }],
    ['one without labels', { ...told, labels: [null, null, null] }, { service: '', configHash: '', oneOff: false }],
  ])('may be %s', (_, value, expected) => {
    expect(read(value)).toMatchObject(expected);
  });

  it.each(['', 'Error: No such object: abc', '{', '[]', 'null', '7'])('is none in %j', (line) => {
    expect(readContainer(line)).toBeUndefined();
  });

  it('is read or is none, whatever the line', () => {
    const json = fc.jsonValue();
    const near = fc.record(
      {
        id: json,
        name: json,
        labels: json,
        restarts: json,
        state: fc.oneof(
          json,
          fc.record({ Status: json, ExitCode: json, Health: fc.oneof(json, fc.record({ Log: fc.array(json) })) }),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          near.map((value) => JSON.stringify(value)),
        ),
        (line) => {
          const container = readContainer(line);
          if (container === undefined) return;
          for (const text of [
            container.id,
            container.name,
            container.service,
            container.status,
            container.healthOutput,
          ])
            expect(typeof text).toBe('string');
          expect(['none', 'starting', 'healthy', 'unhealthy']).toContain(container.health);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
