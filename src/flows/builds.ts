import { join } from 'node:path/posix';
import { gitChanged, gitShow } from '../commands/git.ts';
import { type BuildInputs, buildInputs, writtenBuilds } from '../compose/build-inputs.ts';
import type { BuildCause } from '../model/changes.ts';
import type { Command } from '../model/command.ts';
import { commitName } from '../model/history.ts';
import type { HostState } from '../model/state.ts';
import type { BuildCauses } from '../plan/builds.ts';
import type { Checkout } from './checkout.ts';
import type { Session } from './session.ts';

/** What git says about every build since each host's current release. */
export async function buildCauses(
  session: Session,
  checkout: Checkout,
  states: readonly HostState[],
): Promise<BuildCauses> {
  const byCommit = new Map<string, Readonly<Record<string, BuildCause>>>();
  for (const { currentRelease } of states) {
    const commit = currentRelease?.commit;
    if (commit !== undefined && !byCommit.has(commit))
      byCommit.set(commit, await causesSince(session, checkout, commit));
  }
  const fresh = Object.fromEntries(Object.keys(checkout.model.builds).map((name) => [name, { kind: 'new' } as const]));
  return (host) => byCommit.get(states.find((state) => state.host === host)?.currentRelease?.commit ?? '') ?? fresh;
}

async function causesSince(
  session: Session,
  checkout: Checkout,
  commit: string,
): Promise<Readonly<Record<string, BuildCause>>> {
  const { top, model, sources } = checkout;
  const sections = await changedSections(session, checkout, commit);
  const causes: [string, BuildCause][] = [];
  for (const [service, build] of Object.entries(model.builds)) {
    const inputs = buildInputs(build, top);
    const changed = await tryGit(
      session,
      gitChanged(top, commit, inputs.paths.length > 0 ? inputs.paths : sources.files),
    );
    causes.push([service, causeOf(inputs, changed, sections.has(service), commit)]);
  }
  return Object.fromEntries(causes);
}

function causeOf(
  { paths, elsewhere }: BuildInputs,
  changed: string | undefined,
  section: boolean,
  commit: string,
): BuildCause {
  if (changed === undefined) {
    return {
      kind: 'unknown',
      why: `commit ${commitName(commit)} of the current release is not in this checkout; set fetch-depth: 0 on actions/checkout`,
    };
  }
  const files = paths.length === 0 ? [] : changed.split('\0').filter((path) => path !== '');
  const inputs = [...(section ? ['build'] : []), ...files];
  if (inputs.length > 0) return { kind: 'changed', inputs };
  const [first] = elsewhere;
  return first === undefined ? { kind: 'same' } : { kind: 'unknown', why: `${first} is not part of this repository` };
}

/** The services whose `build:` has changed. Values of variables in it are not compared. */
async function changedSections(
  session: Session,
  { top, sources }: Checkout,
  commit: string,
): Promise<ReadonlySet<string>> {
  const changed = await tryGit(session, gitChanged(top, commit, sources.files));
  const files = (changed ?? '').split('\0').filter((path) => path !== '');
  const services = new Set<string>();
  for (const file of files) {
    const bytes = await session.ports.files.read(join(top, file));
    const is = writtenBuilds(new TextDecoder().decode(bytes ?? new Uint8Array()));
    const was = writtenBuilds((await tryGit(session, gitShow(top, commit, file))) ?? '');
    for (const name of Object.keys({ ...is, ...was })) if (is[name] !== was[name]) services.add(name);
  }
  return services;
}

/** git's output; undefined if it failed. */
async function tryGit({ ports }: Session, command: Command): Promise<string | undefined> {
  const { code, stdout } = await ports.local.run(command, { signal: ports.signal });
  return code === 0 ? stdout : undefined;
}
