/** The program that puts new containers in the place of old ones, in every shell of a server. */
import { describe, expect, it } from 'vitest';
import { sandbox } from '../../fixtures/server.ts';
import { shells } from '../../fixtures/shells.ts';

/**
 * Containers as lines of a file: id, name, service, state. `compose create` makes new ones under a name of their own, and
 * takes worker's old one away only when web's new one runs: if nobody starts that before the end, it gives up.
 */
const docker = `state=$(dirname "$0")/../opt/shop/containers
replaced() {
  sed -i "/^$1 /d; s/^$2 [^ ]*/$2 $3/" "$state"
}
case $1 in
  ps) cat "$state" ;;
  start)
    [ ! -e "$state.stuck" ] || exit 1
    [ ! -e "$state.slow" ] || [ "$2" != new2 ] || { : >"$state.begun"; sleep 1; }
    sed -i "s/^\\($2 .*\\) [^ ]*$/\\1 Up/" "$state"
    [ ! -e "$state.ends" ] || sed -i "s/^\\($2 .*\\) Up$/\\1 Exited/" "$state"
    ;;
  compose)
    [ ! -e "$state.refused" ] || exit 17
    printf '%s\\n' 'new1 aaa_shop-web-1 web Created' 'new2 bbb_shop-worker-1 worker Created' 'new3 shop-extra-1 extra Created' >>"$state"
    replaced old1 new1 shop-web-1
    n=0
    while grep -q '^new1 .* Created' "$state"; do
      n=$((n + 1))
      [ $n -le 100 ] || exit 9
      sleep 0.2
    done
    ! grep -q '^new2 .* Up' "$state" || exit 8
    replaced old2 new2 shop-worker-1
    [ ! -e "$state.slow" ] || until [ -e "$state.begun" ]; do sleep 0.1; done
    ;;
esac`;
const running = 'old1 shop-web-1 web Up\nold2 shop-worker-1 worker Up\nold3 shop-db-1 db Exited\n';

function server(more: Readonly<Record<string, string>> = {}) {
  const made = sandbox({ docker });
  made.write({ containers: running, ...more });
  const starts = (): readonly string[] => made.dockerCalls().filter((call) => call.startsWith('start'));
  return { ...made, starts, states: () => made.read('containers').trim().split('\n') };
}

const args = (...command: readonly string[]): readonly string[] => ['shop', 'web worker', ...command];

describe.each(shells)('replace in $name', ({ bin }) => {
  it('starts each new container as soon as its old one is gone, and leaves other services alone', async () => {
    const { run, states } = server();
    const { code, stderr } = await run('replace', args('docker', 'compose', 'create'), { path: bin });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(states()).toEqual([
      'old3 shop-db-1 db Exited',
      'new1 shop-web-1 web Up',
      'new2 shop-worker-1 worker Up',
      'new3 shop-extra-1 extra Created',
    ]);
  });

  it.each([
    ['has ended meanwhile', {}],
    ['is still being started when Compose has ended', { 'containers.slow': '' }],
  ])('does not start a second time what %s', async (_, more) => {
    const { run, starts } = server({ 'containers.ends': '', ...more });
    expect((await run('replace', args('docker', 'compose', 'create'), { path: bin })).code).toBe(0);
    expect(starts().toSorted()).toEqual(['start new1', 'start new2']);
  });

  it('fails with Compose, and starts nothing then', async () => {
    const { run, starts } = server({ 'containers.refused': '' });
    expect((await run('replace', args('docker', 'compose', 'create'), { path: bin })).code).toBe(17);
    expect(starts()).toEqual([]);
  });

  it('fails when Docker cannot tell what there is, before Compose is asked', async () => {
    const { run, dockerCalls } = sandbox({ docker: 'case $1 in ps) exit 1 ;; esac' });
    expect((await run('replace', args('docker', 'compose', 'create'), { path: bin })).code).toBe(1);
    expect(dockerCalls().map((call) => call.split(' ')[0])).toEqual(['ps']);
  });

  it('looks at the containers of the project alone, and not at one-off ones', async () => {
    const { run, dockerCalls } = server();
    await run('replace', ['shop', 'db'], { path: bin });
    const looks = dockerCalls().filter((call) => call.startsWith('ps'));
    expect(looks).toHaveLength(2);
    for (const look of looks) {
      expect(look).toContain('--filter label=com.docker.compose.project=shop');
      expect(look).toContain('--filter label=com.docker.compose.oneoff=False');
    }
  });

  it('fails when one container does not start, and starts the others', async () => {
    const { run, dockerCalls } = sandbox({
      docker: `case "$*" in ps*) printf 'w1 w1 web Created\\nw2 w2 web Created\\n' ;; 'start w1') echo 'port is already allocated' >&2; exit 1 ;; esac`,
    });
    const result = await run('replace', args('docker', 'compose', 'create'), { path: bin });
    expect(result).toMatchObject({ code: 1, stderr: 'port is already allocated\n' });
    expect(dockerCalls()).toContain('start w2');
  });

  it('starts what has ended, without a command, and fails when that cannot be started', async () => {
    const { run, starts } = server();
    expect((await run('replace', ['shop', 'db'], { path: bin })).code).toBe(0);
    expect(starts()).toEqual(['start old3']);
    const stuck = server({ 'containers.stuck': '' });
    expect((await stuck.run('replace', ['shop', 'db'], { path: bin })).code).toBe(1);
  });
});
