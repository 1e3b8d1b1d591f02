import { describe, expect, it } from 'vitest';
import { factsMarker } from '../../src/facts/facts.ts';
import { readHealing, readJob, readLease, readStanding, readTaken } from '../../src/facts/lease.ts';

const answer = (...lines: readonly string[]): string => ['Welcome to web1!', factsMarker, ...lines, ''].join('\n');
const nobody = {
  actor: 'someone',
  run: undefined,
  command: 'deploy',
  release: '',
  since: '',
  stage: '',
  quietSeconds: undefined,
  ending: false,
};

describe('the answer of a server about a lease', () => {
  it.each([
    ['taken', ['lease\ttaken'], { kind: 'taken' }],
    [
      'held by another one',
      ['actor\tana', 'run\t', 'quiet\t-3', 'ending\tyes', 'lease\tbusy'],
      {
        kind: 'busy',
        holder: { ...nobody, actor: 'ana', quietSeconds: 0, ending: true },
      },
    ],
    ['cut off', ['lease\topen'], { kind: 'open', holder: nobody }],
    ['impossible', ['missing\tflock setsid'], { kind: 'missing', programs: ['flock', 'setsid'] }],
    ['cut short', ['actor\tana'], undefined],
  ])('reads one that is %s', (_, lines, expected) => {
    expect(readTaken(answer(...lines))).toEqual(expected);
  });

  it.each([
    ['still theirs', ['lease\tours'], { kind: 'ours' }],
    ['followed', ['job\trunning', 'complete\tyes'], { kind: 'ours' }],
    ['over', ['lost\trolled-back'], { kind: 'lost', outcome: 'rolled-back' }],
    ['over in a way of a later version', ['lost\texploded'], { kind: 'lost', outcome: 'unfinished' }],
    ['cut short', ['job\trunning'], undefined],
  ])('tells the holder that it is %s', (_, lines, expected) => {
    expect(readStanding(answer(...lines))).toEqual(expected);
  });

  it('holds new bytes of a job', () => {
    const lines = ['job\tended', 'code\t3', 'out-end\t12', 'out\tw7w=', 'err-end\t4'];
    expect(readJob(answer(...lines))).toEqual({
      state: 'ended',
      code: 3,
      out: Buffer.from([0xc3, 0xbc]),
      err: Buffer.alloc(0),
      outEnd: 12,
      errEnd: 4,
    });
  });

  it('reports an end that goes on', () => {
    const lines = ['token\ta1', 'undo.log-end\t3', 'undo.log\tYWJj', 'lease\tending'];
    expect(readHealing(answer(...lines))).toEqual({
      state: 'ending',
      token: 'a1',
      holder: nobody,
      log: Buffer.from('abc'),
      logEnd: 3,
      outcome: undefined,
    });
    expect(readHealing(answer('token\ta1', 'outcome\trolled-back', 'lease\tover'))?.outcome).toBe('rolled-back');
    expect(readHealing(answer('token\ta1'))).toBeUndefined();
  });

  it('reports to status what there is', () => {
    expect(readLease(answer('lease\tfree', 'undo-failed\t/opt/x/lease/failed/undo.sh'))).toEqual({
      state: 'free',
      holder: nobody,
      failedUndo: '/opt/x/lease/failed/undo.sh',
    });
    expect(readLease('')).toMatchObject({ state: 'free' });
  });
});
