import type { Config } from './config/config.ts';
import { Failures } from './errors.ts';
import { prepareAhead, type Rehearsed, releaseAhead, takeBackAhead } from './flows/ahead.ts';
import { build, login } from './flows/build.ts';
import { type Checkout, readCheckout } from './flows/checkout.ts';
import { deploy } from './flows/deploy.ts';
import { sendAhead } from './flows/early.ts';
import { plan, rehearse } from './flows/forecast.ts';
import { type Flow, runGraph } from './flows/graph.ts';
import { leaveLeases } from './flows/lease.ts';
import { type FlowName, flowNames, needs } from './flows/order.ts';
import { push, type Sent } from './flows/push.ts';
import type { Ahead } from './flows/reuse.ts';
import { rollback } from './flows/rollback.ts';
import type { RunPorts, Session } from './flows/session.ts';
import { status } from './flows/status.ts';
import { type RemoveTests, test } from './flows/test.ts';
import { turns } from './log/turns.ts';
import type { Failure } from './model/failure.ts';
import type { Release } from './model/release.ts';
import type { Outcome, Report, Undone } from './model/report.ts';

/** How long an unused lease may take to end. */
const leaveSeconds = 10;

/** Runs the commands, in order. Expected failures end in the report; a bug is thrown. */
export async function run(config: Config, ports: RunPorts): Promise<Report> {
  const started = ports.clock.now();
  const known = { steps: [], ...(config.release === undefined ? {} : { release: config.release }) };
  const session: Session = {
    config,
    ports,
    hosts: new Map([['local', ports.local]]),
    leases: new Map(),
    ends: new Map(),
    known,
  };
  const close = async (): Promise<void> => {
    // After a cancellation there is no time to wait: the servers roll back by themselves.
    await leaveLeases(session, ports.signal.aborted ? 0 : leaveSeconds);
    // An open connection would keep the process alive, even after a bug.
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

async function failuresOf(session: Session): Promise<readonly Failure[]> {
  const { config, ports } = session;
  const most = config.sequential ? 1 : ports.cores;
  const names = flowNames(config, most > 1);
  const { flows, removeTests, takeBack } = flowsOf(config);
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
  const running = runGraph(graph, {
    signal: ports.signal,
    most,
    // Lines of what was only stopped because something else failed would be in the way in the log.
    ended: (name, stopped) => logs[names.indexOf(name)]?.end(!stopped),
  });
  const errors = await running.finally(() => removeTests(session));
  if (errors.length === 0) return [];
  await takeBack(session);
  return new Failures(errors).failures;
}

type Flows = {
  readonly flows: Readonly<Record<FlowName, (session: Session) => Promise<void>>>;
  /** What the tests created, if it still exists. */
  readonly removeTests: RemoveTests;
  /** For a failed run: removes what was sent to the servers before the tests had passed. */
  readonly takeBack: (session: Session) => Promise<void>;
};

function flowsOf({ commands }: Config): Flows {
  let remains: RemoveTests | undefined;
  const removeTests: RemoveTests = async (session) => {
    const remove = remains;
    remains = undefined;
    await remove?.(session);
  };
  let sent: Sent = { images: new Map(), here: false };
  let rehearsed: Rehearsed | undefined;
  let brought: Release | undefined;
  let ahead: Ahead | undefined;
  let read: Promise<Checkout> | undefined;
  const checkout = async (session: Session): Promise<Checkout> => {
    read ??= readCheckout(session);
    return await read;
  };
  const flows: Flows['flows'] = {
    rehearse: async (session) => {
      rehearsed = await rehearse(session, await checkout(session));
    },
    login,
    test: async (session) => {
      remains = await test(session);
    },
    removeTests,
    build: async (session) => await build(session, await checkout(session)),
    sendAhead: async (session) => {
      sent = await sendAhead(session, await checkout(session));
    },
    prepareAhead: async (session) => {
      if (rehearsed === undefined) return;
      brought = releaseAhead(session, await checkout(session), rehearsed, sent);
      if (brought === undefined) return;
      ahead = await prepareAhead(session, await checkout(session), rehearsed, brought);
    },
    push: async (session) => {
      const known = { built: commands.includes('build'), pins: rehearsed?.pins ?? new Map(), sent };
      session.known.release = await push(session, await checkout(session), known);
    },
    deploy: async (session) => {
      const { release } = session.known;
      if (release === undefined) throw new Error('a deploy needs a release');
      const same = ahead !== undefined && isSame(ahead.release, release) ? ahead : undefined;
      await deploy(session, await checkout(session), same?.release ?? release, same);
    },
    plan: async (session) => await plan(session, await checkout(session)),
    rollback,
    status,
  };
  return {
    flows,
    removeTests,
    takeBack: async (session) => {
      // A deploy that has begun to keep records prunes what it does not keep.
      if (rehearsed === undefined || brought === undefined || session.known.before !== undefined) return;
      await takeBackAhead(session, rehearsed, brought);
    },
  };
}

/** Whether they have the same images. */
function isSame(one: Release, other: Release): boolean {
  const images = ({ images: all }: Release): string => JSON.stringify(Object.entries(all).sort());
  return one.commit === other.commit && images(one) === images(other);
}
