import { describe, expect, it } from 'vitest';
import { full, sessions } from '../../src/hosts/sessions.ts';

/** A server that allows so many sessions at a time, and counts them. */
const serverOf = (allowed: number) => {
  let open = 0;
  const seen = { most: 0, refused: 0 };
  const work = async () => {
    if (open >= allowed) {
      seen.refused++;
      return full;
    }
    seen.most = Math.max(seen.most, ++open);
    await new Promise((resolve) => setTimeout(resolve, 1));
    open--;
    return 'done' as const;
  };
  return { work, seen };
};

describe('sessions', () => {
  it('are at most so many at a time', async () => {
    const { work, seen } = serverOf(100);
    const inTurn = sessions(8);
    expect(await Promise.all(Array.from({ length: 50 }, () => inTurn(work)))).toEqual(Array(50).fill('done'));
    expect(seen).toEqual({ most: 8, refused: 0 });
  });

  it('are fewer where the server allows fewer', async () => {
    const { work, seen } = serverOf(2);
    const inTurn = sessions(8);
    expect(await Promise.all(Array.from({ length: 50 }, () => inTurn(work)))).toEqual(Array(50).fill('done'));
    expect(seen.refused).toBeLessThan(30);
    const before = seen.refused;
    await Promise.all(Array.from({ length: 20 }, () => inTurn(work)));
    expect(seen.refused).toBe(before);
  });

  it('wait where the server allows one, and still counts the one that has ended', async () => {
    let counted = 0;
    const work = async () => {
      if (counted > 0) return full;
      counted++;
      await new Promise((resolve) => setTimeout(resolve, 1));
      setTimeout(() => counted--, 120);
      return 'done' as const;
    };
    const inTurn = sessions(8);
    expect(await Promise.all(Array.from({ length: 4 }, () => inTurn(work)))).toEqual(Array(4).fill('done'));
  });

  it('are none where the server allows none', async () => {
    const { work } = serverOf(0);
    const inTurn = sessions(8);
    expect(await Promise.all([inTurn(work), inTurn(work), inTurn(work)])).toEqual([full, full, full]);
  });

  it('make room when one of them fails', async () => {
    const inTurn = sessions(1);
    const failing = inTurn(() => Promise.reject(new Error('gone')));
    const next = inTurn(async () => 'done');
    await expect(failing).rejects.toThrow('gone');
    expect(await next).toBe('done');
  });
});
