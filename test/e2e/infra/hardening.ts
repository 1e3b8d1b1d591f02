/** What every container of production is, and which ones are excused from what. */
import { expect } from 'vitest';
import type { Bed } from '../../../bed/bed.ts';
import type { Stack } from './stack.ts';

/** They prepare volumes for the others and end: as root, with two capabilities and without a network. */
const excused: Readonly<Record<string, { readonly capabilities: readonly string[] }>> = {
  prepare: { capabilities: ['CHOWN', 'DAC_OVERRIDE'] },
  'temporary-certificate': { capabilities: ['CHOWN', 'DAC_OVERRIDE'] },
};

/** Read-only, limited, without capabilities and a way to get any, with logs that are rotated, and nothing run by root. */
export async function expectHardened(bed: Bed, stack: Stack, service: string): Promise<void> {
  const { HostConfig, State, Config, Id } = await stack.inspect(service);
  const excuse = excused[service];
  expect(HostConfig, service).toMatchObject({
    ReadonlyRootfs: true,
    Privileged: false,
    CapDrop: ['ALL'],
    CapAdd: excuse?.capabilities ?? null,
    SecurityOpt: ['no-new-privileges:true'],
    LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    RestartPolicy: { Name: excuse ? 'no' : 'unless-stopped' },
  });
  for (const limit of ['Memory', 'NanoCpus', 'PidsLimit'] as const)
    expect(HostConfig[limit], `${service}: ${limit}`).toBeGreaterThan(0);
  if (excuse) {
    expect(HostConfig.NetworkMode, service).toBe('none');
    return expect(State, service).toMatchObject({ Status: 'exited', ExitCode: 0 });
  }
  expect(['', '0', '0:0', 'root'], service).not.toContain(Config.User);
  const users = (await bed.engine.docker('top', Id, '-o', 'pid,uid')).split('\n').slice(1);
  expect(users.filter((row) => row.trim().endsWith(' 0'))).toEqual([]);
}
