/** Deploys with `strategy: rolling` while visitors send requests all the time. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { type Deployer, deployer, failureOf, reach, releaseOf, startKorrigo } from '../../fixtures/korrigo.ts';
import { type Load, startLoad } from '../../fixtures/load.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import { rollingFiles } from '../../fixtures/rolling.ts';
import { output, page, shell, stateOf } from '../../fixtures/state.ts';

const { bed, repository } = await openBed();
const app = repository('rolls');
let server: Server;
let deploy: Deployer;
let release: string;
const inputs = { strategy: 'rolling' };
/** The servers ask, too, and one failed request is too many. */
const watched = { ...inputs, probe: 'http://127.0.0.1:8080/', 'max-downtime': '0s' };
const load = (): Load => startLoad(`http://${server.ip}:8080/`);
const names = async (): Promise<readonly string[]> => Object.keys((await stateOf(server, '/opt/rolls')).containers);

beforeAll(async () => {
  server = await bed.server();
  deploy = deployer(app.folder, bed, server);
  app.commit(rollingFiles(bed, 'one'));
  succeeded(await deploy(['build', 'push', 'deploy'], inputs));
});

describe('a rolling deploy under load', () => {
  it('replaces the web server and the proxy that is behind the published port without a failed request', async () => {
    const door = await output(server, 'docker', 'inspect', '--format', '{{.Id}} {{.State.StartedAt}}', 'rolls-door-1');
    app.commit(rollingFiles(bed, 'two'));
    const running = load();
    release = releaseOf(succeeded(await deploy(['build', 'push'])));
    const { all } = succeeded(await deploy(['deploy'], { ...watched, release }));
    const { requests, failed, answers } = await running.stop();
    expect(failed).toEqual([]);
    expect(requests).toBeGreaterThan(100);
    expect(answers).toEqual(['one', 'two']);
    expect(all).toMatch(/: 0 of \d{2,} requests failed during the switch\n/);
    expect(all).toMatch(/ door +keep\n/);
    expect(all).toMatch(/ proxy +roll +image/);
    expect(all).toMatch(/ web +roll +image/);
    expect(await names()).toEqual(['rolls-door-1', 'rolls-proxy-2', 'rolls-web-2']);
    expect(await output(server, 'docker', 'inspect', '--format', '{{.Id}} {{.State.StartedAt}}', 'rolls-door-1')).toBe(
      door,
    );
  });

  it('leaves everything alone when nothing changed', async () => {
    const before = await stateOf(server, '/opt/rolls');
    const { all } = succeeded(await deploy(['deploy'], { ...inputs, release }));
    expect((await stateOf(server, '/opt/rolls')).containers).toEqual(before.containers);
    expect(all).toMatch(/ web +keep\n/);
  });

  it('rolls back from a version that does not become healthy, without a failed request', async () => {
    const before = await stateOf(server, '/opt/rolls');
    const good = rollingFiles(bed, 'three');
    app.commit({ ...good, 'proxy/proxy.conf': 'nonsense;\n' });
    const running = load();
    const outcome = await deploy(['build', 'push', 'deploy'], watched);
    const { failed, answers } = await running.stop();
    expect(outcome.code, outcome.all).toBe(1);
    expect(failed).toEqual([]);
    expect(failureOf(outcome)).toMatch(/proxy exited with code 1|proxy is restarting|proxy keeps restarting/);
    expect(failureOf(outcome)).toContain('rolled back');
    expect(outcome.all).toMatch(/: 0 of \d{2,} requests failed during the switch and the rollback\n/);
    // The web server was replaced before the proxy failed, and then brought back beside the new one.
    expect(answers).toEqual(['two', 'three']);
    expect(await page(server)).toBe('two');
    expect(await names()).toHaveLength(3);
    expect((await stateOf(server, '/opt/rolls')).current).toBe(before.current);
  });

  it('rolls back by itself when the runner dies in the middle, without a failed request', async () => {
    const before = await stateOf(server, '/opt/rolls');
    app.commit(rollingFiles(bed, 'four'));
    const reached = reach(bed, server);
    const running = load();
    const run = startKorrigo(
      app.folder,
      ['build', 'push', 'deploy'],
      { ...reached.inputs, ...inputs, grace: '20s' },
      reached.env,
    );
    await run.says('the new web is healthy');
    run.kill('SIGKILL');
    await run.done;
    await until('the server rolls back by itself', 180_000, async () =>
      (await shell(server, 'tail -n 1 /opt/rolls/history.jsonl')).includes('"outcome":"rolled-back"'),
    );
    const { failed } = await running.stop();
    expect(failed).toEqual([]);
    expect(await page(server)).toBe('two');
    expect(await names()).toHaveLength(3);
    expect((await stateOf(server, '/opt/rolls')).current).toBe(before.current);
  });
});
