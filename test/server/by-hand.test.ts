/** What somebody had started by hand before the first deploy: how it is found, started again, and verified. */
import { symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sandbox } from '../../fixtures/server.ts';
import { shells } from '../../fixtures/shells.ts';
import { settled, upByHand } from '../../src/commands/server.ts';
import { readHostState } from '../../src/facts/host-state.ts';

describe.each(shells)('what was started by hand, in $name,', ({ bin }) => {
  /** @param rows service and its hash, folder, compose files, files with variables; HAND is a folder with compose.yml */
  const found = async (rows: readonly string[], files: Readonly<Record<string, string>> = {}) => {
    const docker = `
case "$*" in
  'info'*) echo "26.1.5 $HOME" ;;
  'ps --all --quiet'*) echo a ;;
  'ps --filter'*) cat "$HOME/opt/rows" ;;
  'inspect'*) echo '{"id":"a"}' ;;
  'compose version'*) echo 2.26.1 ;;
  *' --hash '*) printf 'db 03\\nweb 01\\n' ;;
  compose*' config '*) [ "$PWD" = "$HOME/opt/hand" ] && [ -e compose.yml ] ;;
esac`;
    const server = sandbox({ docker });
    const hand = server.root.replace(/shop$/, 'hand');
    const text = rows.join('\n').replaceAll('HAND', hand).replaceAll('ROOT', server.root);
    server.write({ '../hand/compose.yml': '', '../rows': `${text}\n`, ...files });
    if (files['releases/r1/compose.yml'] !== undefined) symlinkSync('releases/r1', server.path('current'));
    const { stdout } = await server.run('observe', [server.root, 'shop'], { path: bin });
    const asked = server.dockerCalls().filter((call) => call.includes(' config '));
    return { hand, asked, byHand: readHostState('web1', stdout).byHand };
  };

  it('is found with the files of the last `up`, if Compose can read them', async () => {
    const { hand, asked, byHand } = await found([
      'web 01|HAND|HAND/compose.yml,more.yml|by.env',
      'db 02|/elsewhere|/elsewhere/compose.yml|',
      'web 01|HAND|HAND/compose.yml|',
    ]);
    const files = ['--file', `${hand}/compose.yml`, '--file', `${hand}/more.yml`, '--env-file', `${hand}/by.env`];
    const options = ['--project-directory', hand, ...files];
    expect(byHand).toEqual({ folder: hand, options, changed: ['db'] });
    expect(asked[0]).toBe(`compose --project-name shop ${options.join(' ')} config --quiet db web`);
  });

  it.each<readonly [string, string, Readonly<Record<string, string>>]>([
    ['from a folder that is gone', 'web 01|/gone|/gone/compose.yml|', {}],
    ['from files that Compose cannot read', 'web 01|HAND/..|HAND/../compose.yml|', {}],
    ['by something that does not say where', 'web 01|||', {}],
    ['by a deploy', 'web 01|HAND|ROOT/releases/r1/compose.yml|', {}],
    ['while a release is current', 'web 01|HAND|HAND/compose.yml|', { 'releases/r1/compose.yml': '' }],
  ])('is not what was started %s', async (_, row, files) => {
    expect((await found([row], files)).byHand).toBeUndefined();
  });

  it('is started again where it was started, and what a deploy has added is removed', async () => {
    const server = sandbox({
      docker: `[ "$1" != ps ] || printf 'a web\\nb added\\nc db\\nd off\\ne off\\n'; pwd >>"$HOME/places"`,
    });
    server.write({ 'compose.yml': '' });
    const byHand = { folder: server.root, options: ['--file', 'compose.yml'], changed: [] };
    const ran = ['web', 'db', 'web'].map((service) => ({ id: `old-${service}`, service }));
    const { argv } = upByHand('shop', byHand, { ran, stopped: [{ id: 'd', service: 'off' }] });
    const { code, stderr } = await server.run('by-hand', argv.slice(4), { path: bin });
    expect([code, stderr]).toEqual([0, '']);
    expect(server.dockerCalls().slice(1)).toEqual([
      'stop b e',
      'rm b e',
      'compose --project-name shop --file compose.yml up --detach --no-build --pull never --scale web=2 web db',
    ]);
    expect(server.read('../../places').trim().split('\n').at(-1)).toBe(server.root);
  });

  it('is started again where nothing is left of it', async () => {
    const server = sandbox({ docker: '' });
    server.write({ 'compose.yml': '' });
    const { code } = await server.run('by-hand', ['shop', server.root, 'web', 'd', 'docker', 'compose', 'up'], {
      path: bin,
    });
    expect([code, server.dockerCalls().slice(1)]).toEqual([0, ['compose up web']]);
  });

  it('is as planned with whatever image it runs', async () => {
    const server = sandbox({
      docker: `[ "$1" != ps ] || echo a; [ "$1" != inspect ] || printf 'web\\tx\\trunning\\t0\\thealthy\\tnow\\ta\\n'`,
    });
    const isSettled = async (image: string): Promise<number | null> => {
      const { argv } = settled({ project: 'shop', timeoutSeconds: 0, settleSeconds: 0, images: { web: image } });
      return (await server.run('settled', argv.slice(4), { path: bin })).code;
    };
    expect([await isSettled(''), await isSettled('x'), await isSettled('y')]).toEqual([0, 0, 1]);
  });
});
