import type { CommandName, Config } from './config/config.ts';
import { DeployError } from './errors.ts';
import { build, push, test } from './flows/build.ts';
import { type Checkout, readCheckout } from './flows/checkout.ts';
import { deploy, rehearse } from './flows/deploy.ts';
import { leaveLeases } from './flows/lease.ts';
import { rollback } from './flows/rollback.ts';
import type { RunPorts, Session } from './flows/session.ts';
import { status } from './flows/status.ts';
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
  try {
    await runCommands(session);
    return [];
  } catch (error) {
    if (error instanceof DeployError) return error.failures;
    throw error;
  }
}

async function runCommands(session: Session): Promise<void> {
  const { known } = session;
  let read: Checkout | undefined;
  const checkout = async (): Promise<Checkout> => {
    read ??= await readCheckout(session);
    return read;
  };
  const commands: Record<CommandName, () => Promise<void>> = {
    test: async () => await test(session),
    build: async () => await build(session, await checkout()),
    push: async () => {
      known.release = await push(session, await checkout());
    },
    deploy: async () => {
      if (known.release === undefined) throw new Error('a deploy needs a release');
      await deploy(session, await checkout(), known.release);
    },
    rollback: async () => await rollback(session),
    status: async () => await status(session),
  };
  const { commands: wanted } = session.config;
  if (wanted.length > 1 && wanted.includes('deploy')) await rehearse(session, await checkout());
  for (const command of wanted) await commands[command]();
}
