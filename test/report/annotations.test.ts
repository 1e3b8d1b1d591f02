import { describe, expect, it } from 'vitest';
import { failureOf, reportOf, switchOf } from '../../fixtures/builders.ts';
import { annotations } from '../../src/report/annotations.ts';
import { closing } from '../../src/report/closing.ts';

const failed = (...failures: readonly ReturnType<typeof failureOf>[]) => reportOf({ outcome: 'failed', failures });

describe('the annotations of a run', () => {
  it('are a few lines for each failure, with what to do', () => {
    const report = failed(
      failureOf('web1: migrate failed\nlast line\n', { hint: 'Fix it.' }),
      failureOf(`web2: gone${'\nx'.repeat(5)}`),
    );
    expect(annotations(report)).toEqual([
      { message: 'web1: migrate failed\nlast line\n→ Fix it.' },
      { message: 'web2: gone' },
    ]);
  });

  it('are five at most, and the last one counts the rest', () => {
    const all = annotations(failed(...Array.from({ length: 9 }, (_, n) => failureOf(`web${n}: gone`))));
    expect(all.map(({ message }) => message)).toEqual([
      'web0: gone',
      'web1: gone',
      'web2: gone',
      'web3: gone',
      '5 more problems: see the log of this step',
    ]);
  });

  it('list all problems of the inputs, which are one failure', () => {
    const text = '2 problems:\n- hosts: is empty\n- registry: is not set';
    expect(annotations(failed(failureOf(text, { kind: 'input' })))).toEqual([{ message: text }]);
  });

  it.each([
    ['one of several', 'ERROR: target web: failed to solve: exit code: 1', { api: 'api/Dockerfile' }],
    ['the only one, which BuildKit does not name', 'ERROR: failed to solve: exit code: 1', {}],
  ])('stand at the line of the Dockerfile that failed: %s', (_, last, others) => {
    const message = `local: build web failed with exit code 1\nDockerfile:5\n--------\n${last}`;
    const report = failed(failureOf(message));
    expect(annotations({ ...report, dockerfiles: { web: 'front/Dockerfile', ...others } })).toEqual([
      { message, file: 'front/Dockerfile', line: 5 },
    ]);
  });

  it('stand at no line if BuildKit does not say which of several failed', () => {
    const report = failed(failureOf('local: build failed\nDockerfile:5\nERROR: failed to solve: exit code: 1'));
    expect(annotations({ ...report, dockerfiles: { web: 'a', api: 'b' } })[0]).not.toHaveProperty('file');
  });

  it('say what to do on a server whose rollback failed', () => {
    const undone = [{ host: 'web1', outcome: 'rollback-failed' }] as const;
    const report = reportOf({ outcome: 'rollback-failed', failures: [failureOf('web1: x')], plan: switchOf(), undone });
    expect(annotations({ ...report, root: '/opt/shop' })[0]?.message).toMatch(
      /\n→ on web1, read \/opt\/shop\/lease\/undo\.log, fix the problem, then run `status` with `heal: true`$/,
    );
  });
});

describe('the tail of a command that was printed as it came', () => {
  const report = failed(failureOf('local: build web failed with exit code 1\nnpm error', { shown: true }));

  it('is not printed again where it stands in the open', () => {
    expect(closing(report, 'open').join('\n')).not.toContain('npm error');
  });

  it('is printed again where it is folded away', () => {
    expect(closing(report, 'folded').join('\n')).toContain('npm error');
  });
});
