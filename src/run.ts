import type { CommandName, Config } from './config/config.ts';
import { Failures } from './errors.ts';
import { build, login, push, test } from './flows/build.ts';
import { type Checkout, readCheckout } from './flows/checkout.ts';
import { deploy } from './flows/deploy.ts';
import { discard, type Pins, pullAhead, sendAhead, toPullAhead } from './flows/early.ts';
import { plan, rehearse } from './flows/forecast.ts';
import { type Flow, runGraph } from './flows/graph.ts';
import { leaveLeases } from './flows/lease.ts';
import { rollback } from './flows/rollback.ts';
import type { RunPorts, Session } from './flows/session.ts';
import { status } from './flows/status.ts';
import { turns } from './log/turns.ts';
import type { Failure } from './model/failure.ts';
import type { Outcome, Report, Undone } from './model/report.ts';

/** How long a lease may take to end that nobody has used since. */
const leaveSeconds = 10;

/** Carries out the commands, in order. Expected failures end in the report; a bug is thrown. */
export async function run(config: Config, ports: RunPorts): Promise<Report> {
  const started = ports.clock.now();
  const known = { steps: [], ...(config.release === undefined ? {} : { release: config.release }) };
  const session: Session = { config, ports, hosts: new Map([['local', ports.local]]), leases: new Map(), known };
  const close = async (): Promise<void> => {
    // After a cancel there is no time to wait: the servers roll back by themselves.
    await leaveLeases(session, ports.signal.aborted ? 0 : leaveSeconds);
    // An open connection would keep the process alive, after a bug as well.
    await Promise.all([...session.hosts.values()].map((host) => host.close()));
  };
  const failures = await failuresOf(session).finally(close);
  return {
    ...session.known,
    commands: config.commands,
    outcome: outcomeOf(failures, session.known.undone),
    seconds: (ports.clock.now() - started) / 1000,
    failures,
    ended: new Date(ports.clock.now()).toISOString(),
    ...(ports.ref.source === undefined ? {} : { source: ports.ref.source }),
    ...(config.health.url === undefined ? {} : { url: new URL(config.health.url).origin }),
  };
}

function outcomeOf(failures: readonly Failure[], undone: readonly Undone[] | undefined): Outcome {
  if (failures.length === 0) return 'succeeded';
  if (undone === undefined) return 'failed';
  if (undone.every(({ outcome }) => outcome === 'rolled-back')) return 'rolled-back';
  return undone.some(({ outcome }) => outcome === 'rollback-failed') ? 'rollback-failed' : 'failed';
}

/** What a run is made of: the commands that were asked for, and what they need. */
type FlowName = CommandName | 'login' | 'rehearse' | 'sendAhead' | 'pullAhead';

/**
 * What must have succeeded before, of what runs at all. Nothing that others see changes before everything has succeeded that
 * could still say no: no tag moves and nothing is deployed before the tests have passed.
 */
const needs: Readonly<Record<FlowName, readonly FlowName[]>> = {
  login: [],
  rehearse: ['login'],
  test: ['login'],
  build: ['login'],
  // Neither moves a tag that anybody uses, nor changes what runs.
  sendAhead: ['login', 'build'],
  pullAhead: ['rehearse', 'sendAhead'],
  push: ['login', 'rehearse', 'test', 'build', 'sendAhead'],
  deploy: ['login', 'rehearse', 'test', 'build', 'push', 'pullAhead'],
  plan: ['login'],
  rollback: [],
  status: [],
};

const onTheRunner: ReadonlySet<CommandName> = new Set(['test', 'build', 'push', 'plan']);

async function failuresOf(session: Session): Promise<readonly Failure[]> {
  const { config, ports } = session;
  const most = config.sequential || ports.cores < 2 ? 1 : Number.POSITIVE_INFINITY;
  const names = flowNames(config, most > 1);
  const { flows, takeBack } = flowsOf(config);
  const logs = turns(ports.log, names.length);
  const graph = names.map(
    (name, index): Flow<FlowName> => ({
      name,
      needs: needs[name].filter((need) => names.includes(need)),
      run: async (signal) => {
        const log = logs[index]?.log ?? ports.log;
        await flows[name]({ ...session, ports: { ...ports, log, signal } });
      },
    }),
  );
  const errors = await runGraph(graph, {
    signal: ports.signal,
    most,
    // Of what was stopped because something else failed, the log would only be in the way.
    ended: (name, stopped) => logs[names.indexOf(name)]?.end(!stopped),
  });
  if (errors.length === 0) return [];
  // After a cancel nobody has the time: the next deploy prunes it.
  if (!ports.signal.aborted) await takeBack(session);
  return new Failures(errors).failures;
}

/** In the order in which the log shows them. */
function flowNames({ commands, registry, verifyAttestation }: Config, sideBySide: boolean): readonly FlowName[] {
  const rehearses = commands.length > 1 && commands.includes('deploy');
  const asks = verifyAttestation !== undefined && commands.includes('deploy');
  const logsIn = registry?.login !== undefined && (asks || commands.some((name) => onTheRunner.has(name)));
  // What is not attested reaches no server.
  const sends = sideBySide && !asks && (['test', 'build', 'push'] as const).every((name) => commands.includes(name));
  const ahead = [...(sends ? (['sendAhead'] as const) : []), ...(sends && rehearses ? (['pullAhead'] as const) : [])];
  return [
    ...(logsIn ? (['login'] as const) : []),
    ...(rehearses ? (['rehearse'] as const) : []),
    ...commands.flatMap((name) => (name === 'push' ? [...ahead, name] : [name])),
  ];
}

type Flows = {
  readonly flows: Readonly<Record<FlowName, (session: Session) => Promise<void>>>;
  /** Of a run that failed: what was brought to the servers before the tests had passed. */
  readonly takeBack: (session: Session) => Promise<void>;
};

function flowsOf({ commands }: Config): Flows {
  let [pins, sent]: [Pins, readonly string[]] = [new Map(), []];
  let ahead = false;
  let early: ReturnType<typeof toPullAhead> | undefined;
  let read: Promise<Checkout> | undefined;
  const checkout = async (session: Session): Promise<Checkout> => {
    read ??= readCheckout(session);
    return await read;
  };
  const flows: Flows['flows'] = {
    rehearse: async (session) => {
      pins = await rehearse(session, await checkout(session));
    },
    login,
    test,
    build: async (session) => await build(session, await checkout(session)),
    sendAhead: async (session) => {
      sent = await sendAhead(session, await checkout(session));
    },
    pullAhead: async (session) => {
      early = toPullAhead(session, await checkout(session), sent, pins);
      ahead = await pullAhead(session, await checkout(session), early);
    },
    push: async (session) => {
      session.known.release = await push(session, await checkout(session), commands.includes('build'), pins);
    },
    deploy: async (session) => {
      const { release } = session.known;
      if (release === undefined) throw new Error('a deploy needs a release');
      // From here on its own prune takes care of what it does not keep.
      early = undefined;
      await deploy(session, await checkout(session), release, ahead);
    },
    plan: async (session) => await plan(session, await checkout(session)),
    rollback,
    status,
  };
  return {
    flows,
    takeBack: async (session) => {
      if (early !== undefined) await discard(session, await checkout(session), early);
    },
  };
}
