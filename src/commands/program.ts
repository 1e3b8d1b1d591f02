import { type Command, type Content, quote } from '../model/command.ts';
import { programs } from '../server/programs.ts';

/** An awk program as a variable of the shell. */
const awk = (name: 'claims' | 'flatten' | 'paths' | 'sealed' | 'uses'): string =>
  `AWK_${name.toUpperCase()}=${quote(programs[`${name}.awk`])}`;
const tellRelease = [awk('flatten'), awk('sealed'), programs['release.sh']];
const join = (...parts: readonly string[]): string => parts.join('\n');

/** The small POSIX programs that run on a host. `$0` names them in a process list; arguments are never read as code. */
const texts = {
  observe: join(programs['containers.sh'], programs['observe.sh']),
  inspect: join(programs['containers.sh'], programs['inspect.sh']),
  login: programs['login.sh'],
  pin: programs['pin.sh'],
  ship: programs['ship.sh'],
  resolve: join(awk('paths'), awk('uses'), ...tellRelease, programs['resolve.sh']),
  reopen: join(awk('uses'), ...tellRelease, programs['reopen.sh']),
  claims: join(awk('claims'), programs['claims.sh']),
  preview: programs['preview.sh'],
  place: programs['place.sh'],
  pull: programs['pull.sh'],
  once: programs['once.sh'],
  current: programs['current.sh'],
  record: programs['record.sh'],
  prune: programs['prune.sh'],
  test: programs['test.sh'],
  status: join(programs['containers.sh'], ...tellRelease, programs['observe.sh'], programs['status.sh']),
} as const;

export type ProgramName = keyof typeof texts;

type Surroundings = { readonly env?: Readonly<Record<string, string>>; readonly stdin?: Content };

export function program(name: ProgramName, args: readonly string[], surroundings: Surroundings = {}): Command {
  return { argv: ['sh', '-c', texts[name], `korrigo-${name}`, ...args], ...surroundings };
}
