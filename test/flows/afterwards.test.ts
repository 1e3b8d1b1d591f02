/** What `post` does and says after a run that was cancelled or killed, whatever stage it was in: the real lease on this machine. */
import { expect, it, type TestContext } from 'vitest';
import { configOf } from '../../fixtures/builders.ts';
import { collectedLog, fakeClock } from '../../fixtures/fakes.ts';
import { type LeaseServer, leaseServer, undoOf } from '../../fixtures/lease.ts';
import { shells } from '../../fixtures/shells.ts';
import type { InputTexts } from '../../src/config/inputs.ts';
import { ConnectError } from '../../src/errors.ts';
import { finishLeases } from '../../src/flows/afterwards.ts';
import type { HeldLease } from '../../src/flows/session.ts';

const [token, other] = ['a1a1a1', 'b2b2b2'];
const [shell] = shells;
if (shell === undefined) throw new Error('there is no shell');

/** What post says after a run that came so far. */
async function afterwards(
  onTestFinished: TestContext['onTestFinished'],
  came: (server: LeaseServer) => Promise<unknown>,
  end: HeldLease['end'],
  texts: InputTexts = {},
) {
  const server = leaseServer(shell as (typeof shells)[number], onTestFinished);
  await came(server);
  const log = collectedLog();
  const config = configOf(texts);
  const lease = { host: 'local', root: server.root, token, ...(end === undefined ? {} : { end }) };
  const ports = { log, clock: fakeClock(), local: server.host, connect: async () => server.host };
  const [outcome] = await finishLeases([lease], config, ports);
  return { outcome, said: log.lines.at(-1), log, server };
}

type Came = (server: LeaseServer) => Promise<unknown>;
const held: Came = async (server) => await server.take(token);
const armed: Came = async (server) => {
  await held(server);
  await server.arm(token, undoOf('echo undone'));
};
const confirmed: Came = async (server) => {
  await armed(server);
  await server.confirm(token, '{"n":1}\n');
};

it.concurrent.for<readonly [string, Came, HeldLease['end'], string, string]>([
  ['before the lease was taken', async () => {}, undefined, 'released', 'no running container was touched'],
  [
    'while it waited for another run',
    async (server) => await server.take(other),
    undefined,
    'released',
    'no running container was touched',
  ],
  ['before the switch', held, undefined, 'released', 'no running container was touched'],
  ['in the switch', armed, undefined, 'rolled-back', 'rolled back to what ran before'],
  ['with the confirmation on its way', armed, 'succeeded', 'rolled-back', 'rolled back to what ran before'],
  ['after the confirmation', confirmed, 'succeeded', 'succeeded', 'the new release stays'],
  ['after it had rolled back itself', confirmed, 'rolled-back', 'rolled-back', 'rolled back to what ran before'],
  ['after it was refused', confirmed, 'released', 'released', 'no running container was touched'],
])('%s, it says how that ended on the server', async ([, came, end, outcome, says], { onTestFinished }) => {
  const after = await afterwards(onTestFinished, came, end);
  expect([after.outcome, after.said]).toEqual([outcome, `info local: ${says}`]);
});

it.concurrent.for<readonly [string, Came, HeldLease['end']]>([
  ['in the switch', held, undefined],
  ['after that was recorded', confirmed, 'failed'],
])(
  'a switch that was to stay as it is, ended %s, is never called untouched',
  async ([, came, end], { onTestFinished }) => {
    const { outcome, said } = await afterwards(onTestFinished, came, end, { 'on-failure': 'keep' });
    expect([outcome, said]).toEqual([
      'failed',
      'info local: nothing was rolled back (on-failure: keep); check with `status` what is running',
    ]);
  },
);

it.concurrent('a rollback that fails is waited for and told, and another run is left alone', async ({
  onTestFinished,
}) => {
  const failing = await afterwards(
    onTestFinished,
    async (server) => {
      await held(server);
      await server.arm(token, undoOf('echo no engine; sleep 30', 2));
    },
    undefined,
  );
  expect(failing.outcome).toBe('rollback-failed');
  expect(failing.log.lines).toContain('output local | no engine');
  const waiting = await afterwards(onTestFinished, async (server) => await server.take(other), undefined);
  expect(await waiting.server.leave(other)).toBe('released');
});

it('a server that cannot be reached is no error: it goes back without this run', async () => {
  const log = collectedLog();
  const config = {
    ...configOf(),
    hosts: [{ kind: 'ssh', name: 'web1', host: 'web1', port: 22, user: 'x' } as const],
  };
  const connect = async () => {
    throw new ConnectError('web1', 'no route to host');
  };
  const local = { name: 'local', run: connect, close: async () => {} };
  const ports = { log, clock: fakeClock(), local, connect };
  expect(await finishLeases([{ host: 'web1', root: '/opt/shop', token }], config, ports)).toEqual(['unfinished']);
  expect(log.lines.join('\n')).toContain('what was changed on web1 is rolled back there without this run');
});
