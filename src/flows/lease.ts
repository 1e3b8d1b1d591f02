import { leaveLease, type Terms } from '../commands/lease.ts';
import { heldOn, hostOf } from '../engine/held.ts';
import { heal, holderText, take, takeAll } from '../engine/lease.ts';
import { linkTo } from '../engine/link.ts';
import type { LeaseOutcome } from '../model/lease.ts';
import type { Target } from '../model/switch.ts';
import type { LeaseEnd, Session } from './session.ts';

/** What is about to be done: those who wait read it. */
export type Purpose = { readonly command: 'deploy' | 'rollback'; readonly release: string };

/**
 * Takes the leases of all hosts, and first finishes what another run has left unfinished. From here on their commands
 * go through the lease. @param token identifies this run
 */
export async function holdLeases(
  session: Session,
  targets: readonly Target[],
  token: string,
  purpose: Purpose,
): Promise<void> {
  const { config, ports, hosts, leases } = session;
  const { graceSeconds, lockTimeoutSeconds } = config;
  const { log, clock, signal } = ports;
  ports.log.stage('Take the lease');
  const links = targets.flatMap(({ host: name, root, login }) => {
    const [host, spec] = [hosts.get(name), config.hosts.find((other) => other.name === name)];
    if (host === undefined || spec === undefined) return [];
    const reconnect = async () => (spec.kind === 'local' ? ports.local : await ports.reconnect(spec, config));
    return [{ name, root, login, key: { root, token }, link: linkTo(host, graceSeconds, { log, clock, reconnect }) }];
  });
  ports.rememberLeases(links.map(({ name: host, root }) => ({ host, root, token })));
  const { actor, run } = ports.ref;
  await takeAll(
    links.map(({ name, root, login, key, link }) => {
      const call = link.call;
      const terms: Terms = { actor, run, ...purpose, graceSeconds, login };
      return {
        name,
        take: async (seconds) => await take(name, call, key, terms, seconds),
        leave: async () => await call(leaveLease(key, 10)),
        heal: async (holder) => {
          log.warn(`${name}: ${holderText(holder)} was interrupted; finishing its rollback first`);
          await heal(name, call, root, { log, clock, signal });
        },
      };
    }),
    lockTimeoutSeconds,
    { log, clock, signal },
  );
  for (const { name, key, link } of links) {
    const held = heldOn(link, key, graceSeconds);
    leases.set(name, held);
    hosts.set(name, hostOf(held));
  }
  ports.log.end();
}

/**
 * Releases all leases. The server undoes what is still armed: with `seconds` 0 at once, without waiting for it.
 */
export async function leaveLeases(session: Session, seconds: number): Promise<void> {
  const { leases, ports } = session;
  const ended = await Promise.all(
    [...leases].map(
      async ([name, held]) => [name, await held.leave(seconds).catch((): LeaseOutcome => 'unfinished')] as const,
    ),
  );
  // After a cancellation nothing has waited here: `post` does, and reports how all of it ended.
  const untold = ended.flatMap(([name, outcome]) => (ports.signal.aborted || outcome === 'unfinished' ? [name] : []));
  remember(session, untold);
  leases.clear();
}

/** Saves for `post`, should this run be killed, what a confirmation of these leases means. */
export function rememberEnd(session: Session, hosts: readonly string[], end: LeaseEnd): void {
  for (const host of hosts) session.ends.set(host, end);
  remember(session, [...session.leases.keys()]);
}

function remember({ leases, ends, ports }: Session, hosts: readonly string[]): void {
  ports.rememberLeases(
    hosts.flatMap((host) => {
      const [held, end] = [leases.get(host), ends.get(host)];
      if (held === undefined) return [];
      const { root, token } = held;
      return [{ host, root, token, ...(end === undefined ? {} : { end }) }];
    }),
  );
}
