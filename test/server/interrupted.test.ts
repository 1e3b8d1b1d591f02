/** What a program for a server leaves when it is ended in the middle: after a cancel, or by a keeper. */
import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Sandbox, sandbox } from '../../fixtures/server.ts';
import { shells } from '../../fixtures/shells.ts';
import { sourceFolder } from '../../src/commands/paths.ts';

const id = '20260203-040506-c0ffee012345';
const release = `releases/${id}`;

/** Says that it is there, and then hangs. */
const hangs = 'echo here >"$HOME/hangs"; exec sleep 60';

/** Runs a program, and ends it as soon as it hangs. */
async function interrupted(
  server: Sandbox,
  path: string,
  ...[name, args, given]: Parameters<Sandbox['run']>
): Promise<void> {
  const cancel = new AbortController();
  const running = server.run(name, args, { ...given, path, signal: cancel.signal });
  await expect.poll(() => server.exists('../../hangs')).toBe(true);
  cancel.abort();
  expect((await running).code).toBe(null);
}

describe.each(shells)('with $name, one that is ended in the middle', ({ bin }) => {
  it('leaves nothing of what it unpacked, which may be secret', async () => {
    const server = sandbox();
    server.write({ '../../bin/tar': `#!/bin/sh\necho secret >"$3/.env"; ${hangs}\n` });
    chmodSync(server.path('../../bin/tar'), 0o755);
    await interrupted(server, bin, 'ship', [server.root, id]);
    expect(readdirSync(server.root).toSorted()).toEqual(['files', 'releases', 'shared']);
  });

  it('leaves no values of a release in a temporary folder', async () => {
    const server = sandbox({ docker: '' });
    const sealed = { 'compose.yml': 'services:\n  web:\n    environment:\n      KEY: secret\n', 'files.tab': '' };
    for (const folder of ['current', release])
      for (const [name, text] of Object.entries(sealed)) server.write({ [`${folder}/${name}`]: text });
    server.write({ [`${release}/release.json`]: '{}', '../../bin/comm': `#!/bin/sh\n${hangs}\n` });
    chmodSync(server.path('../../bin/comm'), 0o755);
    const temporary = server.path('../../tmp');
    mkdirSync(temporary);
    await interrupted(server, bin, 'reopen', [server.root, id], { env: { TMPDIR: temporary } });
    expect(readdirSync(temporary)).toEqual([]);
  });

  it.each(['claims', 'prune'] as const)('leaves no lists of what is on the server: %s', async (name) => {
    const server = sandbox({ docker: hangs });
    server.write({ [`${release}/compose.yml`]: 'services:\n  web:\n    image: x\n', 'history.jsonl': '' });
    const temporary = server.path('../../tmp');
    mkdirSync(temporary);
    await interrupted(server, bin, name, [server.root, name === 'claims' ? id : 'shop', '5'], {
      env: { TMPDIR: temporary },
    });
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('leaves no file that only stood in for one of the server', async () => {
    const server = sandbox({
      docker: `case "$*" in *config*) [ -e "$HOME/asked" ] && { ${hangs}; }; : >"$HOME/asked"
        echo "env file $PWD/${sourceFolder}/conf/web.env not found: stat" >&2; exit 1 ;; esac`,
    });
    server.write({
      'shared/conf/other.env': 'A=1',
      [`${release}/${sourceFolder}/compose.yml`]: '',
      [`${release}/variables.txt`]: '',
      [`${release}/env-files.txt`]: 'conf/web.env\n',
    });
    await interrupted(server, bin, 'resolve', [server.root, id, 'shop', '.', '-f', 'compose.yml']);
    expect(readdirSync(server.path('shared/conf'))).toEqual(['other.env']);
  });
});
