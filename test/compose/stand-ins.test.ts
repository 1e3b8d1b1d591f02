import { describe, expect, it } from 'vitest';
import { blamedFor, firstStandIns, nextStandIns, type StandIns, valuesOf } from '../../src/compose/stand-ins.ts';

const variables = { image: [], build: [], elsewhere: [], required: ['A', 'B', 'C'] };
const first = firstStandIns(variables, { A: 'x', B: '' });

describe('stand-ins on the runner', () => {
  it('are for what is required and not set', () => {
    expect(valuesOf(first)).toEqual({ B: 'only-on-the-server-1', C: 'only-on-the-server-2' });
  });

  it('change their kind for the variable that Compose names, and no other', () => {
    const next = nextStandIns('Invalid hostPort: only-on-the-server-2', first, []) ?? new Map();
    expect(valuesOf(next)).toEqual({ B: 'only-on-the-server-1', C: '20002' });
    const third = nextStandIns('invalid duration "20002"', next, []) ?? new Map();
    expect(valuesOf(third)).toEqual({ B: 'only-on-the-server-1', C: '20002s' });
  });

  it('come to what is simply unset when Compose names none of them', () => {
    const next = nextStandIns('parsing ""', first, ['B', 'N']) ?? new Map();
    expect(valuesOf(next)).toEqual({ ...valuesOf(first), N: 'only-on-the-server-3' });
    expect(nextStandIns('parsing ""', next, ['B', 'N'])).toBeUndefined();
  });

  it('end when a variable was tried with everything', () => {
    let current: StandIns | undefined = new Map([['A', 0]]);
    const tried: string[] = [];
    while (current) {
      const value: string = valuesOf(current)['A'] ?? '';
      tried.push(value);
      current = nextStandIns(`no such network: ${value}`, current, []);
    }
    expect(tried).toEqual(['only-on-the-server-1', '20001', '20001s', '/only-on-the-server-1', '127.0.77.1', 'true']);
  });

  it('are not taken for one another', () => {
    const many = new Map(Array.from({ length: 12 }, (_, index) => [`V${index + 1}`, 0] as const));
    expect(blamedFor('invalid size: only-on-the-server-12', many)).toEqual(['V12']);
    expect(blamedFor("invalid size: 'only-on-the-server-1'", many)).toEqual(['V1']);
  });
});
