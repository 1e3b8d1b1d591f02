import { join } from 'node:path/posix';
import { testDown } from '../commands/compose.ts';
import { ConfigError } from '../errors.ts';
import { testDownPlan, testPlan } from '../plan/test.ts';
import { loginEnv } from './build.ts';
import { attempt, perform, type Session } from './session.ts';

/** Removes what the tests have created. Never throws for an expected failure. */
export type RemoveTests = (session: Session) => Promise<void>;

/**
 * Runs the test compose file. Throws if the tests fail, after removing everything they created. If they pass, no one has to
 * wait for the removal: it is left to the caller.
 */
export async function test(session: Session): Promise<RemoveTests> {
  const { config, ports } = session;
  const folder = join(ports.cwd, config.directory);
  const paths = config.test.files.map((file) => join(folder, file));
  for (const [index, path] of paths.entries()) {
    if (!(await ports.files.exists(path)))
      throw new ConfigError([`test-compose-file: ${config.test.files[index]} does not exist in ${folder}`]);
  }
  const files = { files: paths, project: `test-${ports.nonce()}` };
  ports.remember(testDown(files));
  const { service, timeoutSeconds, files: names } = config.test;
  const remove: RemoveTests = async (within) => {
    const { failures } = await attempt(within, testDownPlan(files));
    for (const { message } of failures) within.ports.log.warn(message);
  };
  try {
    await perform(session, testPlan({ files, names, service, timeoutSeconds, env: loginEnv(session) }));
    return remove;
  } catch (error) {
    await remove(session);
    throw error;
  }
}
