import { join } from 'node:path/posix';
import { gitFacts } from '../commands/git.ts';
import { ConfigError } from '../errors.ts';
import { readCheckout } from './checkout.ts';
import type { Session } from './session.ts';

/** The project: the input, otherwise from the compose file of a checkout. */
export async function projectOf(session: Session): Promise<string> {
  const { config, ports } = session;
  if (config.project !== undefined) return config.project;
  const git = await ports.local.run({ ...gitFacts, cwd: join(ports.cwd, config.directory) }, { signal: ports.signal });
  if (git.code === 0 || ports.signal.aborted) return (await readCheckout(session)).project;
  throw new ConfigError(
    ['project-name: is not set, and there is no checkout to read it from; set it to the name of the Compose project'],
    { hint: 'It is the name of the folder below /opt on the servers.' },
  );
}
