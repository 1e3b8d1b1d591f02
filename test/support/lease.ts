/** A folder of its own instead of a server, on which the programs of the lease run for real, in a shell of one's choice. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import * as commands from '../../src/commands/lease.ts';
import { readHealing, readJob, readStanding, readTaken } from '../../src/facts/lease.ts';
import type { Host } from '../../src/hosts/host.ts';
import { local } from '../../src/hosts/local.ts';
import type { Command } from '../../src/model/command.ts';
import type { Healing, JobNews, LeaseOutcome, Taken } from '../../src/model/lease.ts';
import { until } from '../bed/process.ts';
import type { Shell } from './shells.ts';

export type LeaseServer = ReturnType<typeof leaseServer>;

export const terms: commands.Terms = {
  actor: 'ana',
  run: 'https://github.com/korrigo/shop/actions/runs/7',
  command: 'deploy',
  release: '20260203-040506-c0ffee012345',
  graceSeconds: 60,
  login: undefined,
};

export const undoOf = (script: string, limitSeconds = 60): commands.Undo => ({
  script,
  limitSeconds,
  rolledBack: '{"release":"r2","outcome":"rolled-back","time":"now"}',
  rollbackFailed: '{"release":"r2","outcome":"rollback-failed","time":"now"}',
});

/** Everything that it started is gone when the test ends, and so is the folder. @param docker what docker does */
export function leaseServer(shell: Shell, docker = 'exit 0') {
  const folder = mkdtempSync(join(tmpdir(), 'korrigo-lease-'));
  // As strange as a path may be.
  const root = join(folder, `it's "a" $shop; x`);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const addProgram = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  addProgram('docker', docker);
  const env = { PATH: `${bin}:${shell.bin}:${process.env['PATH']}`, HOME: folder };
  const host: Host = local({ env });
  onTestFinished(async () => {
    for (let tries = 0; tries < 100 && processes().length > 0; tries++) {
      for (const pid of processes()) kill(pid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const path = (below: string): string => join(root, below);
  const lease = (below: string): string => path(`lease/${below}`);
  const read = (below: string): string => (existsSync(path(below)) ? readFileSync(path(below), 'utf8') : '');

  /** What runs in this folder, or was started from it. */
  const processes = (): readonly string[] =>
    readdirSync('/proc').filter((pid) => {
      if (!/^\d+$/.test(pid) || pid === String(process.pid)) return false;
      try {
        if (/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return false;
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`HOME=${folder}\0`);
      } catch {
        return false;
      }
    });

  const ok = async (command: Command): Promise<string> => {
    const { code, stdout, stderr } = await host.run(command);
    if (code !== 0) throw new Error(`exit code ${code}: ${stderr}${stdout}`);
    return stdout;
  };
  const as = (token: string) => ({ root, token });
  const must = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('the answer is not whole');
    return value;
  };

  return {
    host,
    env,
    root,
    path,
    read,
    ok,
    addProgram,
    processes,
    lines: (below: string): readonly string[] => read(below).split('\n').filter((line) => line !== ''),
    exists: (below: string): boolean => existsSync(path(below)),
    key: as,
    take: async (token: string, over: Partial<commands.Terms> = {}, waitSeconds = 0): Promise<Taken> =>
      must(readTaken(await ok(commands.takeLease(as(token), { ...terms, ...over }, waitSeconds)))),
    stage: async (token: string, name = '') => readStanding(await ok(commands.leaseStage(as(token), name))),
    arm: async (token: string, undo: commands.Undo) => readStanding(await ok(commands.armLease(as(token), undo))),
    confirm: async (token: string, line = '') => readStanding(await ok(commands.confirmLease(as(token), line))),
    leave: async (token: string, waitSeconds = 30): Promise<LeaseOutcome | undefined> => {
      const standing = readStanding(await ok(commands.leaveLease(as(token), waitSeconds)));
      return standing?.kind === 'lost' ? standing.outcome : undefined;
    },
    /** One call of it. */
    heal: async (token = '', retry = false, waitSeconds = 30): Promise<Healing> =>
      must(readHealing(await ok(commands.healLease(root, { token, logEnd: 0, retry }, waitSeconds)))),
    /** To its end. */
    healed: async (retry = false): Promise<Healing> => {
      let seen = { token: '', logEnd: 0, retry };
      for (;;) {
        const healing = must(readHealing(await ok(commands.healLease(root, seen, 10))));
        if (healing.state !== 'ending') return healing;
        seen = { token: healing.token, logEnd: Math.max(seen.logEnd, healing.logEnd), retry: false };
      }
    },
    show: async () => (await import('../../src/facts/lease.ts')).readLease(await ok(commands.showLease(root))),
    start: async (token: string, id: string, command: Command, waitSeconds = 10): Promise<JobNews> =>
      readJob(await ok(commands.startJob(as(token), id, command, waitSeconds))),
    more: async (token: string, id: string, from: { outEnd: number; errEnd: number }, waitSeconds = 10) =>
      readJob(await ok(commands.followJob(as(token), id, from, waitSeconds))),
    stop: async (token: string, id: string, killSeconds = 5) => await ok(commands.stopJob(as(token), id, killSeconds)),
    /** The keeper's process id. */
    keeper: (): string => read('lease/keeper').split(' ')[0] ?? '',
    /** Waits until nobody holds it. */
    free: async () => await until('the lease to be free', 60_000, async () => !existsSync(lease('token')) && !existsSync(lease('left'))),
    /** Waits until nothing runs any more. */
    quiet: async () => await until('everything to end', 30_000, async () => processes().length === 0),
  };
}

export function kill(pid: string, signal: NodeJS.Signals): void {
  try {
    process.kill(Number(pid), signal);
  } catch {
    // it has ended by itself
  }
}
