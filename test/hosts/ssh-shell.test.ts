import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type SshServer, startSshServer, targetOf } from '../../fixtures/ssh-server.ts';
import { connectSsh } from '../../src/hosts/ssh.ts';
import { afterMark, killLine, remote } from '../../src/hosts/ssh-shell.ts';

const loginShells = ['sh', 'bash', 'dash', 'ash', 'zsh', 'fish', 'tcsh']
  .flatMap((name) => ['/bin', '/usr/bin'].map((folder) => `${folder}/${name}`))
  .filter((path) => existsSync(path));

describe('what sshd is asked to run', () => {
  let server: SshServer | undefined;
  afterEach(() => server?.close());

  const lead = `kill -0 -$$ 2>/dev/null || { command -v setsid >/dev/null && exec setsid sh -c "$1"; }; eval "$1"`;
  const mark = 'echo "korrigo-pid $$"; echo "korrigo-pid $$" >&2; ';

  it.each([
    ['is read by sh, in single quotes', 'docker ps', `exec sh -c '${lead}' sh '${mark}docker ps'`],
    ['quotes quotes', "echo 'a b'", `exec sh -c '${lead}' sh '${mark}echo '\\''a b'\\'''`],
    ['keeps \\ and ! out of the quotes', "echo 'a\\b!'", `exec sh -c '${lead}' sh '${mark}echo '\\''a'\\\\b\\!''\\'''`],
    [
      'encodes newlines',
      "echo 'a\nb'",
      `exec sh -c 'set -- "$(printf %b "$1")"; ${lead}' sh '${mark}echo '\\''a'\\\\'nb'\\'''`,
    ],
  ])('%s', (_, line, command) => {
    expect(remote(line)).toEqual({ command, before: '' });
  });

  it('goes through stdin, in ASCII, when it is too long for Dropbear', () => {
    const text = `echo 'é\n${'x'.repeat(8000)}'`;
    expect(remote(text)).toEqual({
      command: `exec sh -c 'IFS= read -r korrigo || exit 1; set -- "$(printf %b "$korrigo")"; ${lead}'`,
      before: `${mark}echo '\\0303\\0251\\n${'x'.repeat(8000)}'\n`,
    });
    for (const length of [100, 7000, 7900, 8000, 9000, 100_000])
      expect(Buffer.byteLength(remote('!'.repeat(length)).command)).toBeLessThanOrEqual(8000);
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
    const more = [...words, 'a\nb', '\\\n', '\n', '\\c', '\\0101', '%s'];
    const bytes = '\x01\x7f\u0080\u0081\u0088é😀\ufeff'; // some are signs of their own inside of dash
    for (const given of [words, more, [...more, bytes, 'x'.repeat(10_000)]]) {
      const { stdout, stderr } = await host.run({ argv: ['printf', '%s\\0', ...given] });
      expect(stdout.split('\0').slice(0, -1)).toEqual(given);
      expect(stderr).toBe('');
    }
    const long = { argv: ['sh', '-c', `cat; : ${'x'.repeat(10_000)}`], stdin: 'a\nb' };
    expect(await host.run(long)).toMatchObject({ code: 0, stdout: 'a\nb', stderr: '' });
    expect(await host.run({ argv: ['sh', '-c', `exit 3 # ${'x'.repeat(10_000)}`] })).toMatchObject({ code: 3 });
    await host.close();
  });
});

describe('what a stream brings', () => {
  const taken = (...chunks: readonly string[]) => {
    const seen = { pids: [] as string[], text: '' };
    const stream = afterMark(
      (pid) => seen.pids.push(pid),
      (chunk) => {
        seen.text += chunk.toString();
      },
    );
    for (const chunk of chunks) stream.push(Buffer.from(chunk));
    return { ...seen, before: stream.before() };
  };

  it.each([
    ['at once', ['korrigo-pid 42\nwarning: é\n'], 'warning: é\n', ''],
    ['byte by byte', [...'korrigo-pid 42\noops'], 'oops', ''],
    [
      'after what the login shell says',
      ['cannot set locale\nkorrigo', '-pid 42\n', 'more'],
      'more',
      'cannot set locale\n',
    ],
    ['after what ends without a newline', ['Welcome! korrigo-pid 42\nmore'], 'more', 'Welcome! '],
    [
      'after a lot of it',
      ['x'.repeat(100_000), '\nkorrigo-pid 42\n', 'more'],
      'more',
      expect.stringMatching(/^x{9000}/),
    ],
  ])('begins with the process id: %s', (_, chunks, text, before) => {
    expect(taken(...chunks)).toEqual({ pids: ['42'], text, before });
  });

  it('begins once', () => {
    expect(taken('korrigo-pid 42\n', 'korrigo-pid 43\n')).toMatchObject({ pids: ['42'], text: 'korrigo-pid 43\n' });
  });

  it('is not passed on when nothing begins, and its end is kept', () => {
    expect(taken('This account is currently not available.\n')).toEqual({
      pids: [],
      text: '',
      before: 'This account is currently not available.\n',
    });
    expect(taken('x'.repeat(70_000), 'y').before).toMatch(/^x+y$/);
  });
});
