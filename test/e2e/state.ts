/** What can be seen on a server behind the deploy's back. */
import type { Bed, Server } from '../bed/bed.ts';

export type Container = { readonly id: string; readonly startedAt: string; readonly status: string };

/** Everything that a deploy which fails before the switch must leave as it was. */
export type State = {
  readonly containers: Readonly<Record<string, Container>>;
  readonly current: string;
  readonly releases: readonly string[];
  /** Temporary files, logins and processes of the deploy user. */
  readonly left: readonly string[];
};

const look = `
docker ps --all --quiet --no-trunc 2>/dev/null | xargs -r docker inspect \\
  --format 'container {{.Name}} {{.Id}} {{.State.StartedAt}} {{.State.Status}}'
cd "$1" 2>/dev/null && {
  readlink current | sed 's/^/current /'
  ls releases | sed 's/^/release /'
  find . -maxdepth 1 -name '.?*' | sed 's/^/left /'
}
find /tmp /home/deploy/.docker -mindepth 1 ! -name 'runc-process*' 2>/dev/null | sed 's/^/left /'
ps -u deploy -o args= | grep -v '^sshd' | sed 's/^/left process: /'
exit 0
`;

export async function stateOf(server: Server, root = '/opt/shop'): Promise<State> {
  const { stdout } = await server.exec(['sh', '-c', look, 'look', root]);
  const rows = stdout.split('\n').map((line) => line.split(' '));
  const rest = (kind: string): readonly string[] =>
    rows.filter(([first]) => first === kind).map(([, ...words]) => words.join(' '));
  const containers = rows.flatMap(([kind, name = '', id = '', startedAt = '', status = '']) =>
    kind === 'container' ? [[name.slice(1), { id, startedAt, status }] as const] : [],
  );
  return {
    containers: Object.fromEntries(containers.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    current: (rest('current')[0] ?? '').replace('releases/', ''),
    releases: rest('release'),
    left: rest('left'),
  };
}

/** A program on the server, as root, that has to succeed: what it printed, to the byte as far as it is text. */
export async function output(server: Server, ...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await server.exec(argv);
  if (code !== 0) throw new Error(`${server.name}: ${argv.join(' ')} exited with ${code}: ${stderr}`);
  return stdout;
}

/** A shell line on the server, as root. */
export const shell = async (server: Server, line: string): Promise<string> => await output(server, 'sh', '-c', line);

/** The front page. */
export async function page(server: Pick<Server, 'ip'>, port = 8080): Promise<string> {
  const answer = await fetch(`http://${server.ip}:${port}/`, { headers: { connection: 'close' } });
  return (await answer.text()).trim();
}

/** The images that the tests built here, which only the bed's registry needs. */
export async function removeBuiltImages({ engine, registry }: Bed): Promise<void> {
  const all = await engine.docker('images', '--format', '{{.Repository}}:{{.Tag}}');
  const own = all.split('\n').filter((name) => name.startsWith(`${registry.address}/`));
  if (own.length > 0) await engine.tryDocker(['rmi', '--force', ...own]);
}
