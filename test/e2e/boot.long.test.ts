/** What setup.sh installs for a loss of power, under a real systemd. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { deployer, reach, startKorrigo } from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import { rollingFiles } from '../../fixtures/rolling.ts';
import { page, shell, stateOf } from '../../fixtures/state.ts';

const { bed, repository } = await openBed('systemd');
const app = repository('rolls');
const inputs = { strategy: 'rolling' };
let server: Server;

/** Docker is to start all of it at boot. */
function files(version: string): Record<string, string> {
  const made = rollingFiles(bed, version);
  const grace = '    stop_grace_period:';
  const compose = made['compose.yml']?.replaceAll(grace, `    restart: unless-stopped\n${grace}`) ?? '';
  return { ...made, 'compose.yml': compose };
}

beforeAll(async () => {
  server = await bed.server();
  await shell(server, 'sh /root/setup.sh');
  app.commit(files('one'));
  succeeded(await deployer(app.folder, bed, server)(['build', 'push', 'deploy'], inputs));
});

const hasEnded = async (): Promise<boolean> =>
  /^Result=success\nExecMainStatus=0\nActiveState=inactive$/.test(
    (await shell(server, 'systemctl show korrigo-boot --property Result,ExecMainStatus,ActiveState')).trim(),
  );

/** The application as it was, nobody's turn, and the unit ended well. */
async function isBack(): Promise<void> {
  await until('the boot unit has ended', 240_000, hasEnded);
  await until('the page is back', 120_000, async () => (await page(server)) === 'one');
  const state = await stateOf(server, '/opt/rolls');
  const running = Object.values(state.containers).filter(({ status }) => status === 'running');
  expect(Object.keys(state.containers)).toHaveLength(3);
  expect(running).toHaveLength(3);
  expect(await shell(server, 'flock -n /opt/rolls/lease/lock echo free')).toBe('free\n');
}

describe('after a loss of power', () => {
  it('in the middle of a rolling deploy, the boot unit finishes the undo', async () => {
    const { current } = await stateOf(server, '/opt/rolls');
    app.commit(files('two'));
    const reached = reach(bed, server);
    const run = startKorrigo(app.folder, ['build', 'push', 'deploy'], { ...reached.inputs, ...inputs }, reached.env);
    await run.says('the new web is healthy');
    await server.kill();
    run.kill('SIGKILL');
    await run.done;
    await server.start();
    await isBack();
    const history = await shell(server, 'tail -n 1 /opt/rolls/history.jsonl');
    expect(history).toContain('"outcome":"rolled-back"');
    expect((await stateOf(server, '/opt/rolls')).current).toBe(current);
  });

  it('with nothing to finish, it starts what Docker could not: the proxy that came before its door', async () => {
    await server.kill();
    await server.start();
    await isBack();
  });

  it('and after Docker was restarted, it does so again', async () => {
    await shell(server, 'systemctl restart docker');
    await isBack();
  });
});
