import type { Config } from './config/config.ts';
import { DeployError } from './errors.ts';
import { build, push, test } from './flows/build.ts';
import { type Checkout, readCheckout } from './flows/checkout.ts';
import { type Deployed, deploy } from './flows/deploy.ts';
import type { RunPorts, Session } from './flows/session.ts';
import type { Release } from './model/release.ts';
import type { Failure, Report } from './model/report.ts';

/** Carries out the commands, in order. Expected failures end in the report; a bug is thrown. */
export async function run(config: Config, ports: RunPorts): Promise<Report> {
  const started = ports.clock.now();
  const session: Session = { config, ports, hosts: new Map([['local', ports.local]]), steps: [] };
  const progress: Progressed = { release: config.release, deployed: {} };
  const failure = await carryOut(session, progress);
  await Promise.all([...session.hosts.values()].map((host) => host.close()));
  const { release, deployed } = progress;
  return {
    commands: config.commands,
    outcome: failure === undefined ? 'succeeded' : 'failed',
    steps: session.steps,
    seconds: (ports.clock.now() - started) / 1000,
    hosts: deployed.changes ?? {},
    ...(release === undefined ? {} : { release }),
    ...(deployed.previous === undefined ? {} : { previousRelease: deployed.previous }),
    ...(deployed.downtime === undefined ? {} : { downtime: deployed.downtime }),
    ...(config.health.url === undefined ? {} : { url: new URL(config.health.url).origin }),
    ...(failure === undefined ? {} : { failure }),
  };
}

type Progressed = { release: Release | undefined; deployed: Partial<Deployed> };

async function carryOut(session: Session, progress: Progressed): Promise<Failure | undefined> {
  try {
    let checkout: Checkout | undefined;
    for (const command of session.config.commands) {
      if (command === 'test') {
        await test(session);
        continue;
      }
      checkout ??= await readCheckout(session);
      if (command === 'build') await build(session, checkout);
      if (command === 'push') progress.release = await push(session, checkout);
      if (command === 'deploy' && progress.release !== undefined) {
        await deploy(session, checkout, progress.release, (done) => {
          progress.deployed = { ...progress.deployed, ...done };
          progress.release = done.release ?? progress.release;
        });
      }
    }
    return undefined;
  } catch (error) {
    if (error instanceof DeployError) return { message: error.message, hint: error.hint };
    throw error;
  }
}
