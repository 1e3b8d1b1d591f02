import type { Command, Content } from '../model/command.ts';
import { programs } from '../server/programs.ts';

const withContainers = (program: string): string => `${programs['containers.sh']}\n${program}`;

/** The small POSIX programs that run on a host. `$0` names them in a process list; arguments are never read as code. */
const texts = {
  observe: withContainers(programs['observe.sh']),
  inspect: withContainers(programs['inspect.sh']),
  login: programs['login.sh'],
  pin: programs['pin.sh'],
  ship: programs['ship.sh'],
  resolve: programs['resolve.sh'],
  pull: programs['pull.sh'],
  migrate: programs['migrate.sh'],
  current: programs['current.sh'],
} as const;

export type ProgramName = keyof typeof texts;

type Surroundings = { readonly env?: Readonly<Record<string, string>>; readonly stdin?: Content };

export function program(name: ProgramName, args: readonly string[], surroundings: Surroundings = {}): Command {
  return { argv: ['sh', '-c', texts[name], `korrigo-${name}`, ...args], ...surroundings };
}
