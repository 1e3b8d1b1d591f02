import { describe, expect, it } from 'vitest';
import { until } from '../../bed/process.ts';
import { kill, leaseServer, terms, undoOf } from '../../fixtures/lease.ts';
import { isAlive } from '../../fixtures/processes.ts';
import { shells } from '../../fixtures/shells.ts';

const [a, b] = ['a1a1a1', 'b2b2b2'];

describe.each(shells)('the lease with $name', (shell) => {
  it("is one holder's at a time, and the others learn whose", async () => {
    const server = leaseServer(shell);
    expect(await server.take(a)).toEqual({ kind: 'taken' });
    await server.stage(a, 'Recreate');
    const { actor, run, command, release } = terms;
    expect(await server.take(b)).toEqual({
      kind: 'busy',
      holder: {
        actor,
        run,
        command,
        release,
        since: expect.stringMatching(/^20.*Z$/),
        stage: 'Recreate',
        quietSeconds: expect.any(Number),
        ending: false,
      },
    });
    expect(await server.show()).toMatchObject({ state: 'busy', holder: { actor: 'ana' } });
    expect(await server.leave(a)).toBe('released');
    await server.quiet();
    expect(await server.show()).toMatchObject({ state: 'free' });
    expect(await server.take(b)).toEqual({ kind: 'taken' });
  });

  it('is given up when no call comes: what is armed is undone, once, and the history says so', async () => {
    const server = leaseServer(shell);
    await server.take(a, { graceSeconds: 2 });
    await server.ok({
      argv: ['sh', '-c', `cd "$1" && echo x >history.jsonl && printf half >>history.jsonl`, 'sh', server.root],
    });
    await server.arm(a, undoOf(`echo undone; echo one >>'${server.path('').replaceAll("'", `'\\''`)}/undone'\n`));
    await server.free();
    await server.quiet();
    expect(server.lines('undone')).toEqual(['one']);
    expect(server.lines('history.jsonl')).toEqual([
      'x',
      'half',
      expect.stringMatching(/"rolled-back","time":"20.*Z"}$/),
    ]);
    expect(server.read('lease/undo.log')).toMatch(/^--- 20.*\nundone\n$/);
    expect(await server.stage(a)).toEqual({ kind: 'lost', outcome: 'rolled-back' });
    expect(await server.take(b)).toEqual({ kind: 'taken' });
    expect(await server.stage(a)).toEqual({ kind: 'lost', outcome: 'rolled-back' });
  });
});
