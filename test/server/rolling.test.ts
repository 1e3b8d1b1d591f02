/** The programs that replace one container after the other, and take back what a plan shipped, in every shell of a server. */
import { describe, expect, it } from 'vitest';
import { sandbox } from '../../fixtures/server.ts';
import { shells } from '../../fixtures/shells.ts';

/** Containers as lines of a file: id, name, status, health, compose file. `compose up` adds one of the old release. */
const docker = `state=$(dirname "$0")/../opt/shop/containers
case $1 in
  ps) cut -d ' ' -f 1 "$state" ;;
  inspect)
    format=$5
    shift 5
    for id; do
      row=$(grep "^$id " "$state") || exit 1
      name=\${row#* } rest=\${row#* * }
      case $format in '{{.Name}}') echo "/\${name%% *}" ;; *) echo "$id /\${name%% *} $rest" ;; esac
    done
    ;;
  rename) [ ! -e "$state.stuck" ] && sed -i "s/^$2 [^ ]*/$2 $3/" "$state" ;;
  rm)
    shift
    for id; do sed -i "/^$id /d" "$state"; done
    ;;
  compose) echo "${'f'.repeat(64)} shop-web-3 running $(cat "$state.health") /old.yml" >>"$state" ;;
esac`;
const [a, b, n, f] = ['a', 'b', 'c', 'f'].map((digit) => digit.repeat(64));
const leaving = (id = '', name = ''): string => `${id.slice(0, 12)}_${name}`;
const lines = (...rows: readonly (readonly (string | undefined)[])[]): string =>
  rows.map((row) => `${row.join(' ')}\n`).join('');

function servers(containers: string, more: Readonly<Record<string, string>> = {}) {
  const server = sandbox({ docker });
  server.write({ containers, 'containers.health': 'healthy\n', ...more });
  const changes = (): readonly string[] =>
    server.dockerCalls().filter((call) => /^(rename|stop|rm|compose)/.test(call));
  return {
    ...server,
    changes,
    left: () =>
      server
        .read('containers')
        .trim()
        .split('\n')
        .map((row) => row.split(' ')[0]),
  };
}

describe.each(shells)('retire in $name', ({ bin }) => {
  const two = lines([a, 'shop-web-1', 'running'], [b, 'shop-web-2', 'running'], [n, 'shop-web-3', 'running']);

  it('marks the old ones first, stops them all at once, and removes them', async () => {
    const server = servers(two);
    expect(await server.run('retire', ['0', `${a}`, `${b}`], { path: bin })).toMatchObject({ code: 0, stderr: '' });
    expect(server.changes()).toEqual([
      `rename ${a} ${leaving(a, 'shop-web-1')}`,
      `rename ${b} ${leaving(b, 'shop-web-2')}`,
      `stop ${a} ${b}`,
      `rm ${a} ${b}`,
    ]);
    expect(server.left()).toEqual([n]);
  });

  it('goes on where it was interrupted: what is marked keeps its name, and what is gone is not missed', async () => {
    const server = servers(lines([b, leaving(b, 'shop-web-2'), 'exited'], [n, 'shop-web-3', 'running']));
    expect((await server.run('retire', ['0', `${a}`, `${b}`], { path: bin })).code).toBe(0);
    expect(server.changes()).toEqual([`stop ${b}`, `rm ${b}`]);
    expect((await server.run('retire', ['0', `${a}`, `${b}`], { path: bin })).code).toBe(0);
    expect(server.changes()).toHaveLength(2);
  });

  it('fails where Docker does not say which containers are there', async () => {
    const server = sandbox({ docker: 'case $1 in ps) exit 1 ;; inspect) echo /shop-web-1 ;; esac' });
    expect((await server.run('retire', ['0', `${a}`], { path: bin })).code).toBe(1);
  });

  it('stops nothing that it could not mark', async () => {
    const server = servers(two, { 'containers.stuck': '' });
    expect((await server.run('retire', ['0', `${a}`], { path: bin })).code).toBe(1);
    expect(server.changes().map((call) => call.split(' ')[0])).toEqual(['rename']);
  });
});

describe.each(shells)('roll-back in $name', ({ bin }) => {
  const back = (seconds: number, ...ids: readonly (string | undefined)[]): readonly string[] => [
    'shop',
    'web',
    '/old.yml',
    '/new.yml',
    String(ids.length),
    '0',
    String(seconds),
    ...ids.map(String),
  ];
  const fresh = /^compose --project-name shop --file \/old\.yml up .*--scale web=\d web$/;
  const oldOne = [a, 'shop-web-1', 'running', 'healthy', '/old.yml'] as const;
  const newOne = [n, 'shop-web-2', 'running', 'healthy', '/new.yml'] as const;
  const marked = [a, leaving(a, 'shop-web-1'), 'exited', 'unhealthy', '/old.yml'] as const;

  it('removes only what is new while the old ones are all there', async () => {
    const server = servers(lines(oldOne, newOne));
    expect(await server.run('roll-back', back(9, a), { path: bin })).toMatchObject({ code: 0, stderr: '' });
    expect(server.changes()).toEqual([`stop ${n}`, `rm --force ${n}`]);
    expect(server.left()).toEqual([a]);
  });

  it.each([
    ['are on their way out', lines(marked, newOne), [n, a]],
    ['are gone', lines(newOne), [n]],
  ])('brings up others of the old release before anything stops, where the old ones %s', async (_, rows, stopped) => {
    const server = servers(rows);
    expect(await server.run('roll-back', back(9, a), { path: bin })).toMatchObject({ code: 0, stderr: '' });
    expect(server.changes()).toEqual([
      expect.stringMatching(fresh),
      `stop ${stopped.join(' ')}`,
      `rm --force ${stopped.join(' ')}`,
    ]);
    expect(server.left()).toEqual([f]);
  });

  it('does not make them twice', async () => {
    const server = servers(lines(marked, newOne, [f, 'shop-web-3', 'running', 'healthy', '/old.yml']));
    expect((await server.run('roll-back', back(9, a), { path: bin })).code).toBe(0);
    expect(server.changes().filter((call) => call.startsWith('compose'))).toEqual([]);
    expect(server.left()).toEqual([f]);
  });

  it('says what does not become healthy, and leaves the verdict to the checks that follow', async () => {
    const server = servers(lines(newOne), { 'containers.health': 'starting\n' });
    const { code, stderr } = await server.run('roll-back', back(1, a), { path: bin });
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'web of the previous release is not healthy after 1 s\n' });
    expect(server.left()).toEqual([f]);
  });

  it('has nothing to do where everything is as before', async () => {
    const server = servers(lines(oldOne));
    expect((await server.run('roll-back', back(9, a), { path: bin })).code).toBe(0);
    expect(server.changes()).toEqual([]);
  });
});

describe.each(shells)('withdraw in $name', ({ bin }) => {
  const shipped = {
    'releases/r1/compose.yml': '',
    'releases/r1/added.tab': 'file\t11\nfile\t22\nfolder\tdata/uploads\n',
    'files/11/site.conf': 'a',
    'files/22/site.conf': 'b',
  };

  it('leaves nothing of a release that was all there was', async () => {
    const server = sandbox();
    server.write({ ...shipped, 'shared/data/uploads/x': '' });
    await server.run('withdraw', [server.root, 'r1'], { path: bin });
    // What the server wrote there meanwhile is its own.
    expect(['releases', 'files', 'shared/data/uploads/x'].map(server.exists)).toEqual([false, false, true]);
  });

  it('keeps what another release names by now', async () => {
    const server = sandbox();
    const other = { 'releases/r2/paths.tab': `site.conf\t${server.root}/files/22/site.conf\n` };
    server.write({ ...shipped, ...other });
    expect(await server.run('withdraw', [server.root, 'r1'], { path: bin })).toMatchObject({ code: 0, stderr: '' });
    expect(['releases/r1', 'files/11', 'files/22', 'releases/r2'].map(server.exists)).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it('keeps the files while somebody deploys', async () => {
    const server = sandbox();
    server.write({ ...shipped, 'lease/token': 'c0ffee' });
    expect((await server.run('withdraw', [server.root, 'r1'], { path: bin })).code).toBe(0);
    expect(['releases/r1', 'files/11', 'files/22'].map(server.exists)).toEqual([false, true, true]);
  });

  it('has nothing to do where the release never came', async () => {
    const server = sandbox();
    server.write({ 'files/11/site.conf': 'a' });
    expect((await server.run('withdraw', [server.root, 'r1'], { path: bin })).code).toBe(0);
    expect(server.exists('files/11/site.conf')).toBe(true);
  });
});
