/** Several deploys at once to the same servers: they queue, and the newest commit ends up live. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import {
  deployer,
  type Outcome,
  type Running,
  reach,
  releaseOf,
  startKorrigo,
  type Texts,
} from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import { shopFiles } from '../../fixtures/shop.ts';
import { page, shell, stateOf } from '../../fixtures/state.ts';

const { bed, repository } = await openBed();

type Commit = { readonly name: string; readonly folder: string; readonly release: string };

describe('deploys at once to two servers', () => {
  let servers: readonly [Server, Server];
  let commits: readonly Commit[];

  /** Commits that are a minute apart, each in a checkout of its own and pushed. The last is the newest. */
  beforeAll(async () => {
    const first = await bed.server();
    const authorizedKeys = [readFileSync(`${first.privateKeyFile}.pub`, 'utf8').trim()];
    servers = [first, await bed.server({ authorizedKeys })];
    const shop = repository();
    const made: Commit[] = [];
    for (let n = 0; n < 7; n++) {
      const name = `commit ${n}`;
      process.env['GIT_COMMITTER_DATE'] = `2026-03-01T10:0${n}:00Z`;
      const commit = shop.commit(n === 0 ? shopFiles(bed, name) : { 'www/index.html': `${name}\n` });
      const folder = join(shop.folder, `../checkouts/${n}/shop`);
      shop.git('worktree', 'add', '--quiet', '--detach', folder, commit);
      const pushed = succeeded(await deployer(folder, bed, ...servers)(['build', 'push']));
      made.push({ name, folder, release: releaseOf(pushed) });
    }
    delete process.env['GIT_COMMITTER_DATE'];
    commits = made;
  });

  const start = ({ folder, release }: Commit, inputs: Texts = {}): Running => {
    const { inputs: reached, env } = reach(bed, ...servers);
    return startKorrigo(folder, ['deploy'], { ...reached, release, ...inputs }, env);
  };

  /** All of them: the first one has its turn first, and does not end before every other one waits. */
  const deployAll = async ([first, ...others]: readonly [Commit, ...Commit[]]): Promise<readonly Outcome[]> => {
    const holding = start(first, { migrate: "web: sh -c 'until rm /data/go 2>/dev/null; do sleep 0.2; done'" });
    await holding.says('\nMigrate\n');
    const waiting = others.map((commit) => start(commit));
    await Promise.all(waiting.map(async (run) => await run.says(': waiting for ')));
    await shell(servers[0], 'docker exec shop-web-1 touch /data/go');
    return await Promise.all([holding, ...waiting].map(async ({ done }) => await done));
  };

  const attempts = async (server: Server): Promise<readonly { readonly release: string; readonly outcome: string }[]> =>
    (await shell(server, 'cat /opt/shop/history.jsonl'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

  it.each([
    ['two', 0, 2],
    ['five', 2, 7],
  ])('%s of them: each says what came of it, and both servers are on the newest', async (_, from, to) => {
    const at = commits.slice(from, to);
    const [first, ...others] = at;
    if (first === undefined) throw new Error('no commit');
    const outcomes = await deployAll([first, ...others]);
    const newest = at.at(-1);
    outcomes.forEach(({ code, all }, n) => {
      // One that had its turn after a newer one is refused.
      if (n === at.length - 1) expect(code, all).toBe(0);
      if (code !== 0) expect(all).toMatch(/ is older than \S+ \(\S+\), which was deployed here/);
    });
    for (const { all } of outcomes.slice(1))
      expect(all).toMatch(/waiting for \S+'s deploy of \d{8}-\S+, since \d\d:\d\d UTC, now: /);
    for (const server of servers) {
      expect(await page(server)).toBe(newest?.name);
      const { left, containers } = await stateOf(server);
      expect(left).toEqual([]);
      expect(Object.keys(containers)).toEqual(['shop-cache-1', 'shop-web-1']);
      // One after the other: what one began it ended before the next one began.
      const rows = (await attempts(server)).filter(({ outcome }) => outcome !== 'failed');
      rows.forEach(({ release, outcome }, n) => {
        expect(outcome).toBe(n % 2 === 0 ? 'started' : 'succeeded');
        expect(release).toBe(rows[n - (n % 2)]?.release);
      });
      const good = rows.filter(({ outcome }) => outcome === 'succeeded').map(({ release }) => release);
      const ended = at.flatMap(({ release }, n) => (outcomes[n]?.code === 0 ? [JSON.parse(release).id] : []));
      expect(good.slice(-ended.length).toSorted()).toEqual(ended.toSorted());
    }
  });
});
