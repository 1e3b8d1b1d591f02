/** The shells, run from their sources as programs. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../bed/process.ts';
import { silent } from '../src/log/log.ts';
import { withPorts } from '../src/shell.ts';

const korrigo = async (...args: readonly string[]) =>
  await run([process.execPath, join(import.meta.dirname, '../src/cli.ts'), ...args], { env: { KORRIGO_COMMAND: '' } });

describe('the command-line program', () => {
  it('names a file that cannot be read, with everything else that is wrong', async () => {
    const { code, stderr } = await korrigo('status', '--ssh-key', '@/no/such/key', '--registry-password', 'hunter2');
    expect(code).toBe(1);
    expect(stderr).toBe(
      '2 problems:\n- --registry-password: is secret and does not belong in arguments; write --registry-password @file, or set KORRIGO_REGISTRY_PASSWORD\n- ssh-key: the file /no/such/key cannot be read (ENOENT)\n',
    );
  });
});

describe('other programs on this machine', () => {
  it('see the environment without the inputs, and what a user calls KORRIGO_', async () => {
    const env = {
      'INPUT_SSH-KEY': 'a',
      INPUT_ANYTHING: 'b',
      STATE_cleanUps: 'c',
      KORRIGO_SSH_KEY: 'd',
      KORRIGO_TAG: 'e',
      WEB_ENV: 'f',
      PATH: 'g',
    };
    const surroundings = {
      env,
      cwd: '/',
      temporary: tmpdir(),
      log: silent,
      signal: new AbortController().signal,
      ref: { ref: undefined, defaultBranch: undefined, source: undefined, actor: 'ada', run: undefined },
      hidden: ['WEB_ENV'],
      variables: { COLOUR: 'blue' },
      remember: () => {},
    };
    expect(await withPorts(surroundings, async (ports) => ports.env)).toEqual({
      KORRIGO_TAG: 'e',
      PATH: 'g',
      COLOUR: 'blue',
    });
  });
});
