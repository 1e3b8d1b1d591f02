import type { CommandName, Config } from './config/config.ts';
import { DeployError } from './errors.ts';
import { build, push, test } from './flows/build.ts';
import { type Checkout, readCheckout } from './flows/checkout.ts';
import { deploy, rehearse } from './flows/deploy.ts';
import { rollback } from './flows/rollback.ts';
import type { RunPorts, Session } from './flows/session.ts';
import { status } from './flows/status.ts';
import type { Deployed, Progress } from './flows/switch.ts';
import type { Release } from './model/release.ts';
import type { Failure, Report } from './model/report.ts';
import type { HostStatus } from './model/state.ts';

/** Carries out the commands, in order. Expected failures end in the report; a bug is thrown. */
export async function run(config: Config, ports: RunPorts): Promise<Report> {
  const started = ports.clock.now();
  const session: Session = { config, ports, hosts: new Map([['local', ports.local]]), steps: [] };
  const progress: Progressed = { release: config.release, deployed: {}, status: undefined };
  // An open connection would keep the process alive, after a bug as well.
  const close = async () => await Promise.all([...session.hosts.values()].map((host) => host.close()));
  const failure = await carryOut(session, progress).finally(close);
  const { release, deployed, status: hostStatus } = progress;
  return {
    commands: config.commands,
    outcome: failure === undefined ? 'succeeded' : 'failed',
    steps: session.steps,
    seconds: (ports.clock.now() - started) / 1000,
    hosts: deployed.changes ?? {},
    ...(release === undefined ? {} : { release }),
    ...(deployed.previous === undefined ? {} : { previousRelease: deployed.previous }),
    ...(deployed.downtime === undefined ? {} : { downtime: deployed.downtime }),
    ...(deployed.backup === undefined ? {} : { backup: deployed.backup }),
    ...(deployed.after === undefined ? {} : { after: deployed.after }),
    ...(config.health.url === undefined ? {} : { url: new URL(config.health.url).origin }),
    ...(failure === undefined ? {} : { failure }),
    ...(hostStatus === undefined ? {} : { status: hostStatus }),
  };
}

type Progressed = {
  release: Release | undefined;
  deployed: Partial<Deployed>;
  status: readonly HostStatus[] | undefined;
};

async function carryOut(session: Session, progress: Progressed): Promise<Failure | undefined> {
  const tell: Progress = (done) => {
    progress.deployed = { ...progress.deployed, ...done };
    progress.release = done.release ?? progress.release;
  };
  try {
    let read: Checkout | undefined;
    const checkout = async (): Promise<Checkout> => {
      read ??= await readCheckout(session);
      return read;
    };
    const commands: Record<CommandName, () => Promise<void>> = {
      test: async () => await test(session),
      build: async () => await build(session, await checkout()),
      push: async () => {
        progress.release = await push(session, await checkout());
      },
      deploy: async () => {
        if (progress.release === undefined) throw new Error('a deploy needs a release');
        await deploy(session, await checkout(), progress.release, tell);
      },
      rollback: async () => await rollback(session, tell),
      status: async () => {
        await status(session, (hosts) => {
          progress.status = hosts;
        });
      },
    };
    const { commands: wanted } = session.config;
    if (wanted.length > 1 && wanted.includes('deploy')) await rehearse(session, await checkout());
    for (const command of session.config.commands) await commands[command]();
    return undefined;
  } catch (error) {
    if (error instanceof DeployError) return { message: error.message, hint: error.hint };
    throw error;
  }
}
