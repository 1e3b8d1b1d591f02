import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../bed/bed.ts';
import { type Deployer, deployer } from '../../fixtures/korrigo.ts';
import { openBed, succeeded } from '../../fixtures/open-bed.ts';
import type { Repository } from '../../fixtures/repository.ts';
import { shopFiles } from '../../fixtures/shop.ts';
import { stateOf } from '../../fixtures/state.ts';

const { bed, repository } = await openBed();
let server: Server;
let shop: Repository;
let korrigo: Deployer;

beforeAll(async () => {
  server = await bed.server();
  shop = repository();
  korrigo = deployer(shop.folder, bed, server);
});
afterAll(async () => {
  await server.ssh('cd /opt/shop/current && docker compose down --timeout 1 --volumes');
});

type Json = {
  readonly problems: readonly string[];
  readonly hosts: readonly {
    readonly changes: readonly { readonly service: string; readonly action: string; readonly why: string }[];
  }[];
};
const planned = async (inputs: Parameters<Deployer>[1] = {}): Promise<Json> =>
  JSON.parse(succeeded(await korrigo(['plan'], { format: 'json', ...inputs })).stdout);
/** Every file of the application, and everything in /tmp. */
/** Without what Docker puts down for a moment while it runs a healthcheck. */
const everything = async (): Promise<string> =>
  (await server.ssh("find /opt/shop /tmp -printf '%p %s %l\\n' | grep -v -e '^/tmp ' -e '^/tmp/runc-process' | sort"))
    .stdout;

describe('a plan', () => {
  it('of a first deploy says so, and leaves nothing there', async () => {
    shop.commit(shopFiles(bed));
    await server.ssh('mkdir -p /opt/shop');
    const before = await everything();
    const { hosts, problems } = await planned();
    expect(problems).toEqual([]);
    expect(hosts[0]?.changes.map(({ service, action }) => `${service} ${action}`)).toEqual([
      'cache create',
      'web create',
    ]);
    expect(await everything()).toBe(before);
  });

  it('of a change names what the deploy then touches, and leaves nothing there', async () => {
    succeeded(await korrigo(['push', 'deploy'], {}));
    shop.commit(shopFiles(bed, 'two'));
    const [state, files] = [await stateOf(server), await everything()];
    const { hosts } = await planned();
    expect(await everything()).toBe(files);
    expect(await stateOf(server)).toEqual(state);
    const changes = hosts[0]?.changes ?? [];
    expect(changes.find(({ service }) => service === 'web')?.why).toMatch(/^will be built: \S/);
    const touched = changes.filter(({ action }) => action !== 'keep').map(({ service }) => service);
    succeeded(await korrigo(['push', 'deploy'], {}));
    const after = await stateOf(server);
    const names = Object.keys(after.containers).filter(
      (name) => after.containers[name]?.id !== state.containers[name]?.id,
    );
    expect(names.map((name) => name.replace(/^shop-(.*)-1$/, '$1'))).toEqual(touched);
  });

  it('shows what is missing on the server, and what it shipped does not stay', async () => {
    const services = `  other:\n    image: ${bed.image('busybox')}\n    environment: ['WORD=\${WORD_OF_THE_SERVER}']\n`;
    shop.commit({ ...shopFiles(bed, 'two', { services }), 'new.conf': 'a new file\n' });
    const before = await everything();
    const { problems } = await planned();
    expect(problems).toEqual([expect.stringContaining('variable WORD_OF_THE_SERVER is not set')]);
    expect(await everything()).toBe(before);
  });
});
