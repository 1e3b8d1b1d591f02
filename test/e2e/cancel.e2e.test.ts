/** A run that is cancelled: by Ctrl-C or by GitHub (SIGINT), or by a terminal that is closed (SIGHUP). */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { until } from '../../bed/process.ts';
import { deployer, failureOf, type Outcome, reach, startKorrigo, type Texts } from '../../fixtures/korrigo.ts';
import { openBed } from '../../fixtures/open-bed.ts';
import { shopFiles } from '../../fixtures/shop.ts';
import { output, type State, shell, stateOf } from '../../fixtures/state.ts';

const { bed, repository } = await openBed();
const shop = repository();

describe('a deploy that is cancelled', () => {
  let server: Server;
  let before: State;
  let image: string;

  beforeAll(async () => {
    server = await bed.server();
    shop.commit(shopFiles(bed));
    const outcome = await deployer(shop.folder, bed, server)(['build', 'push', 'deploy']);
    expect(outcome.code, outcome.all).toBe(0);
    before = await stateOf(server);
    image = await output(server, 'docker', 'inspect', '--format', '{{.Config.Image}}', 'shop-web-1');
  });

  const cancelled = async (signal: NodeJS.Signals | 'Ctrl-C', after: string, more: Texts = {}): Promise<Outcome> => {
    shop.commit({ 'www/index.html': `${after}\n` });
    const { inputs, env } = reach(bed, server);
    const temporary = join(bed.folder, 'tmp');
    mkdirSync(temporary, { recursive: true });
    const all = { ...env, TMPDIR: temporary };
    const run = startKorrigo(shop.folder, ['build', 'push', 'deploy'], { ...inputs, ...more }, all);
    await run.says(after);
    if (signal === 'Ctrl-C') run.interrupt();
    else run.kill(signal);
    const outcome = await run.done;
    expect(outcome.code, outcome.all).toBe(1);
    expect(readdirSync(temporary)).toEqual([]);
    return outcome;
  };
  const containers = async (): Promise<readonly string[]> =>
    (await shell(server, "docker ps --all --format '{{.Names}}'")).trim().split('\n').sort();

  /** With nobody acting, the previous release runs again, and the history says so. */
  const isBack = async (): Promise<void> => {
    await until('the server rolls back by itself', 120_000, async () =>
      (await shell(server, 'tail -n 1 /opt/shop/history.jsonl')).includes('"outcome":"rolled-back"'),
    );
    const after = await stateOf(server);
    expect(after.current).toBe(before.current);
    expect(await output(server, 'docker', 'inspect', '--format', '{{.Config.Image}}', 'shop-web-1')).toBe(image);
  };

  it('in a migration ends the migration, which would hold its locks', async () => {
    const outcome = await cancelled('SIGINT', ' | begins', { migrate: "web: sh -c 'echo begins; sleep 1000'" });
    expect(failureOf(outcome)).toMatch(/^\S+: cancelled during: migrate: web: sh -c /);
    await isBack();
    expect(await containers()).toEqual(['shop-cache-1', 'shop-web-1']);
  });

  it('in the build by a terminal that is closed leaves no login behind', async () => {
    const { containers: running } = await stateOf(server);
    const outcome = await cancelled('SIGHUP', '\nBuild\n');
    expect(outcome.all).toMatch(/cancelled (before|during): /);
    expect((await stateOf(server)).containers).toEqual(running);
    expect((await stateOf(server)).left).toEqual([]);
  });

  it('in the switch says that it was, and the server rolls back by itself', async () => {
    const outcome = await cancelled('SIGINT', '\nRecreate\n');
    expect(failureOf(outcome)).toMatch(/cancelled (before|during): /);
    expect(failureOf(outcome)).toContain(`${server.ip}: is rolling back to ${before.current} by itself`);
    await isBack();
  });

  it('by Ctrl-C in the switch, and rolled back by hand at once, is back without containers of two names', async () => {
    await cancelled('Ctrl-C', '\nRecreate\n');
    const { code, all } = await deployer(shop.folder, bed, server)(['rollback'], { to: before.current ?? '' });
    expect(code, all).toBe(0);
    expect(await containers()).toEqual(['shop-cache-1', 'shop-web-1']);
    expect(await output(server, 'docker', 'inspect', '--format', '{{.Config.Image}}', 'shop-web-1')).toBe(image);
    expect((await stateOf(server)).current).toBe(before.current);
  });
});
