import { describe, expect, it } from 'vitest';
import { collectedLog } from '../../fixtures/fakes.ts';
import { turns } from '../../src/log/turns.ts';

function three() {
  const log = collectedLog();
  const [first, second, third] = turns(log, 3);
  if (first === undefined || second === undefined || third === undefined) throw new Error('three turns were asked for');
  return { lines: log.lines, first, second, third };
}

describe('logs that take turns', () => {
  it('show the first as it goes, and the others one after the other', () => {
    const { lines, first, second, third } = three();
    first.log.stage('Test');
    third.log.info('third');
    second.log.stage('Build');
    second.log.output('local', 'layer');
    first.log.info('tests pass');
    second.log.end();
    expect(lines).toEqual(['stage Test', 'info tests pass']);
    first.end(true);
    expect(lines.slice(2)).toEqual(['end', 'stage Build', 'output local | layer', 'end']);
    second.log.warn('now at once');
    third.end(true);
    second.end(true);
    expect(lines.slice(6)).toEqual(['warn now at once', 'end', 'info third', 'end']);
  });

  it('do not say later that something was still going on', () => {
    const { lines, first, second } = three();
    second.log.progress('… build (15 s)');
    first.log.progress('… tests (15 s)');
    first.end(true);
    second.log.progress('… build (30 s)');
    expect(lines).toEqual(['info … tests (15 s)', 'end', 'info … build (30 s)']);
  });

  it('forget what was stopped before its turn', () => {
    const { lines, first, second, third } = three();
    second.log.stage('Build');
    second.end(false);
    third.log.info('the last');
    first.log.info('refused');
    first.end(true);
    expect(lines.filter((line) => line !== 'end')).toEqual(['info refused', 'info the last']);
  });

  it('skip one that never said a word', () => {
    const { lines, first, second, third } = three();
    second.end(true);
    third.log.info('the last');
    first.end(true);
    expect(lines.filter((line) => line !== 'end')).toEqual(['info the last']);
  });
});
