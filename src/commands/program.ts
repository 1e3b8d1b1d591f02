import { type Command, type Content, quote } from '../model/command.ts';
import { programs } from '../server/programs.ts';

/** The awk programs that the programs for servers use, each with the awk functions it needs. */
const awkParts = {
  flatten: ['scalars', 'flatten'],
  sealed: ['scalars', 'sealed'],
  traits: ['scalars', 'traits'],
  images: ['scalars', 'images'],
  claims: ['scalars', 'claims'],
  awaited: ['scalars', 'awaited'],
  uses: ['scalars', 'moved', 'seccomp', 'uses'],
  canonical: ['scalars', 'canonical'],
  seal: ['scalars', 'moved', 'seccomp', 'seal'],
  environment: ['scalars', 'environment'],
  oneoff: ['scalars', 'oneoff'],
  helpers: ['helpers'],
  platforms: ['scalars', 'platforms'],
  history: ['scalars', 'json', 'history'],
} as const;

export type AwkName = keyof typeof awkParts;

export const awkText = (name: AwkName): string => awkParts[name].map((part) => programs[`${part}.awk`]).join('');

/** Awk programs as variables of the shell. Functions that several of them use are in there once. */
function awks(...names: readonly AwkName[]): string {
  const functions = new Set(names.flatMap((name) => awkParts[name].slice(0, -1)));
  const texts = [...functions].map((part) => `AWK_${part.toUpperCase()}=${quote(programs[`${part}.awk`])}`);
  const whole = names.map((name) => {
    const before = awkParts[name].slice(0, -1).map((part) => `$AWK_${part.toUpperCase()}`);
    return `AWK_${name.toUpperCase()}=${before.join('')}${quote(programs[`${name}.awk`])}`;
  });
  return [...texts, ...whole].join('\n');
}
const join = (...parts: readonly string[]): string => parts.join('\n');
const facts = programs['facts.sh'];
const observe = join(facts, programs['containers.sh'], programs['observe.sh']);

/** The small POSIX programs that run on a host. `$0` names them in a process list; arguments are never read as code. */
const texts = {
  observe,
  disk: join(facts, programs['disk.sh']),
  inspect: join(facts, programs['containers.sh'], programs['inspect.sh']),
  login: join(awks('helpers'), programs['login.sh']),
  bake: programs['bake.sh'],
  pin: join(facts, programs['beside.sh'], programs['pin.sh']),
  attested: join(facts, programs['attested.sh']),
  ship: programs['ship.sh'],
  resolve: join(
    facts,
    awks('canonical', 'uses', 'seal', 'environment', 'flatten', 'sealed', 'traits'),
    programs['release.sh'],
    programs['resolve.sh'],
    programs['seal.sh'],
  ),
  reopen: join(
    facts,
    awks('uses', 'images', 'flatten', 'sealed', 'traits'),
    programs['release.sh'],
    programs['reopen.sh'],
  ),
  unchanged: join(facts, programs['release.sh'], programs['unchanged.sh']),
  claims: join(
    facts,
    awks('claims', 'awaited'),
    programs['unchecked.sh'],
    programs['beside.sh'],
    programs['claims.sh'],
  ),
  preview: programs['preview.sh'],
  withdraw: programs['withdraw.sh'],
  'write-env-files': join(programs['put.sh'], programs['write-env-files.sh']),
  restore: join(programs['put.sh'], programs['restore.sh']),
  tidy: programs['tidy.sh'],
  stopping: programs['stopping.sh'],
  retire: programs['retire.sh'],
  'roll-back': programs['roll-back.sh'],
  pull: join(facts, awks('platforms', 'awaited'), programs['unchecked.sh'], programs['pull.sh']),
  upload: join(facts, programs['beside.sh'], programs['upload.sh']),
  tag: join(programs['beside.sh'], programs['tag.sh']),
  discard: programs['discard.sh'],
  replace: programs['replace.sh'],
  'by-hand': programs['by-hand.sh'],
  refresh: programs['refresh.sh'],
  'one-off': join(awks('oneoff'), programs['one-off.sh']),
  current: programs['current.sh'],
  record: programs['record.sh'],
  probe: join(facts, programs['probe.sh']),
  prune: join(facts, awks('history'), programs['prune.sh']),
  test: programs['test.sh'],
  settled: programs['settled.sh'],
  status: join(observe, awks('flatten', 'sealed', 'traits'), programs['release.sh'], programs['status.sh']),
} as const;

/** What a script that a server runs alone begins with. */
export const scriptStart = programs['script.sh'];

export type ProgramName = keyof typeof texts;

type Surroundings = { readonly env?: Readonly<Record<string, string>>; readonly stdin?: Content };

export function program(name: ProgramName, args: readonly string[], surroundings: Surroundings = {}): Command {
  return { argv: ['sh', '-c', texts[name], `korrigo-${name}`, ...args], ...surroundings };
}
