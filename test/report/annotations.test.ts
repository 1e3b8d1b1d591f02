import { describe, expect, it } from 'vitest';
import { failureOf, reportOf } from '../../fixtures/builders.ts';
import { annotations } from '../../src/report/annotations.ts';
import { closing } from '../../src/report/closing.ts';

const failed = (...failures: readonly ReturnType<typeof failureOf>[]) => reportOf({ outcome: 'failed', failures });

describe('the annotations of a run', () => {
  it('are one line for each failure, with what to do', () => {
    const report = failed(failureOf('web1: migrate failed\nlast line\n', { hint: 'Fix it.' }), failureOf('web2: gone'));
    expect(annotations(report)).toEqual([{ message: 'web1: migrate failed\n→ Fix it.' }, { message: 'web2: gone' }]);
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

  it('stand at the line of the Dockerfile that failed', () => {
    const output = 'Dockerfile:5\n--------\nERROR: target web: failed to solve: exit code: 1';
    const report = failed(failureOf(`local: build web failed with exit code 1\n${output}`));
    expect(annotations({ ...report, dockerfiles: { web: 'front/Dockerfile' } })).toEqual([
      { message: 'local: build web failed with exit code 1', file: 'front/Dockerfile', line: 5 },
    ]);
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
