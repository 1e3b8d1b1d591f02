/** Commands of the small scenes: as root on a server, by the action, and how long each takes. */
import type { Bed, Server } from '../../bed/bed.ts';
import type { Outcome } from '../../fixtures/korrigo.ts';

/** A script on the server, which has to succeed. */
export async function script(server: Server, text: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await server.exec(['sh', '-euc', text, 'bench', ...args]);
  if (code !== 0) throw new Error(`on ${server.name}, ${text.slice(0, 200)}: ${stderr}`);
  return stdout;
}

export async function login({ registry }: Bed, server: Server): Promise<void> {
  const argv = ['docker', 'login', '--username', registry.username, '--password-stdin', registry.address];
  const { code, stderr } = await server.exec(argv, { stdin: registry.password });
  if (code !== 0) throw new Error(stderr);
}

export function must(outcome: Outcome): Outcome {
  if (outcome.code !== 0) throw new Error(outcome.all);
  return outcome;
}
