import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type SshServer, startSshServer, targetOf } from '../../fixtures/ssh-server.ts';
import { connectSsh } from '../../src/hosts/ssh.ts';
import { killLine, remoteLine, takePid } from '../../src/hosts/ssh-shell.ts';

const loginShells = ['sh', 'bash', 'dash', 'ash', 'zsh', 'fish', 'tcsh']
  .flatMap((name) => ['/bin', '/usr/bin'].map((folder) => `${folder}/${name}`))
  .filter((path) => existsSync(path));

describe('what sshd is asked to run', () => {
  let server: SshServer | undefined;
  afterEach(() => server?.close());

  it.each([
    ['is read by sh, in single quotes', 'docker ps', `exec sh -c 'echo "korrigo-pid $$" >&2; docker ps'`],
    ['quotes quotes', "echo 'a b'", `exec sh -c 'echo "korrigo-pid $$" >&2; echo '\\''a b'\\'''`],
    [
      'keeps \\ and ! out of the quotes',
      "echo 'a\\b!'",
      `exec sh -c 'echo "korrigo-pid $$" >&2; echo '\\''a'\\\\b\\!''\\'''`,
    ],
    [
      'encodes newlines',
      "echo 'a\nb'",
      `exec sh -c 'eval "$(printf %b "$1")"' sh 'echo "korrigo-pid $$" >&2; echo '\\''a'\\\\'nb'\\'''`,
    ],
  ])('%s', (_, line, asked) => {
    expect(remoteLine(line)).toBe(asked);
  });

  it('ends a whole process group', () => {
    expect(killLine('42', 'TERM')).toBe("exec sh -c 'kill -TERM -42 || kill -TERM 42'");
  });

  it.each(loginShells)('means the same to %s', async (loginShell) => {
    server = await startSshServer({ loginShell });
    const host = await connectSsh(targetOf(server));
    const words = [
      "it's",
      '\\',
      '\\\\',
      "\\'",
      '!',
      '!!',
      '$HOME $(id) `id`',
      '"',
      '*?[x]{a,b}',
      '~ =b %a #',
      '\t',
      '',
      'é😀',
    ];
    for (const given of [words, [...words, 'a\nb', '\\\n', '\n', '\\c', '\\0101', '%s']]) {
      const { stdout, stderr } = await host.run({ argv: ['printf', '%s\\0', ...given] });
      expect(stdout.split('\0').slice(0, -1)).toEqual(given);
      expect(stderr).toBe('');
    }
    await host.close();
  });
});

describe('the process id of a command', () => {
  const taken = (...chunks: readonly string[]) => {
    const seen = { pids: [] as string[], stderr: '' };
    const take = takePid(
      (pid) => seen.pids.push(pid),
      (chunk) => {
        seen.stderr += chunk.toString();
      },
    );
    for (const chunk of chunks) take.push(Buffer.from(chunk));
    take.end();
    return seen;
  };

  it.each([
    ['at once', ['korrigo-pid 42\nwarning: é\n'], 'warning: é\n'],
    ['byte by byte', [...'korrigo-pid 42\noops'], 'oops'],
    ['after what the login shell says', ['cannot set locale\nkorrigo', '-pid 42\n', 'more'], 'cannot set locale\nmore'],
  ])('is taken out of stderr %s', (_, chunks, stderr) => {
    expect(taken(...chunks)).toEqual({ pids: ['42'], stderr });
  });

  it('is taken only once', () => {
    expect(taken('korrigo-pid 42\n', 'korrigo-pid 43\n')).toEqual({ pids: ['42'], stderr: 'korrigo-pid 43\n' });
  });

  it('may be missing, and nothing is lost', () => {
    expect(taken('This account is currently not available.\n')).toEqual({
      pids: [],
      stderr: 'This account is currently not available.\n',
    });
    expect(taken('x'.repeat(70_000), 'y').stderr).toHaveLength(70_001);
  });
});
