/** status.yml and backup.yml, run by act against a server; what the step with GitHub's own program does is told by a stand-in. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { deployer, type Outcome } from '../../fixtures/korrigo.ts';
import { succeeded } from '../../fixtures/open-bed.ts';
import { example, openWorkflows, said } from '../../fixtures/open-workflows.ts';
import type { Repository } from '../../fixtures/repository.ts';
import { shopFiles } from '../../fixtures/shop.ts';
import { output, shell } from '../../fixtures/state.ts';
import { actionRef } from '../../scripts/workflows.ts';

const { bed, act, repository, settings } = await openWorkflows(actionRef());

describe('a repository with status.yml and backup.yml', () => {
  let server: Server;
  let shop: Repository;
  const told = join(bed.folder, 'told');

  beforeAll(async () => {
    server = await bed.server();
    shop = repository();
    const backup = `  backup:\n    image: ${bed.image('busybox')}\n    command: ["echo", "it is saved"]\n    scale: 0\n`;
    shop.commit({
      ...shopFiles(bed, 'one', { services: backup }),
      '.github/workflows/status.yml': example('status.yml'),
      '.github/workflows/backup.yml': example('backup.yml'),
    });
    succeeded(await deployer(shop.folder, bed, server)(['build', 'push', 'deploy']));
  });

  const run = async (workflow: string): Promise<Outcome> =>
    await act.run(shop, { name: 'workflow_dispatch', workflow, ...settings(server) });

  /** status.yml with the number of the issue that is open, and what GitHub was told to do. */
  const night = async (issue: string): Promise<[Outcome, readonly string[]]> => {
    rmSync(told, { force: true });
    act.program('gh', `case "$*" in 'issue list '*) echo '${issue}' ;; *) printf '%s\\0' "$*" >>'${told}' ;; esac`);
    const outcome = await run('status.yml');
    return [outcome, existsSync(told) ? readFileSync(told, 'utf8').split('\0').slice(0, -1) : []];
  };

  it('has a green run and no issue while all is healthy', async () => {
    const [outcome, calls] = await night('');
    succeeded(outcome);
    expect(calls).toEqual([]);
  });

  it('has a red run and an issue when something differs, which is updated, and closed when that is over', async () => {
    await output(server, 'docker', 'stop', 'shop-cache-1');
    const title = 'What runs in production differs from what was deployed';
    const [red, opened] = await night('');
    expect(red.code).not.toBe(0);
    expect(opened).toEqual([
      expect.stringMatching(
        new RegExp(`^issue create --title ${title} --body {5}.*cache.*\nSeen by https://github.com/acme/shop/`, 's'),
      ),
    ]);
    const [still, updated] = await night('7');
    expect(still.code).not.toBe(0);
    expect(updated).toEqual([expect.stringMatching(/^issue edit 7 --body {5}.*cache/s)]);
    await output(server, 'docker', 'start', 'shop-cache-1');
    const [green, closed] = await night('7');
    succeeded(green);
    expect(closed).toEqual([expect.stringMatching(/^issue close 7 --comment All is well again: https:/)]);
  });

  it('has a backup at a click or every night, and a red run where it fails', async () => {
    expect(said(succeeded(await run('backup.yml')).all)).toContain('it is saved');
    await shell(server, 'mv /opt/shop/current /opt/shop/away');
    expect((await run('backup.yml')).code).not.toBe(0);
  });
});
