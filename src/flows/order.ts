import type { CommandName, Config } from '../config/config.ts';

/** The parts of a run: the commands in the input, and what they need. */
export type FlowName = CommandName | 'login' | 'rehearse' | 'sendAhead' | 'prepareAhead' | 'removeTests';

/**
 * What must have succeeded before, out of everything that runs. Nothing visible to others changes before everything that could
 * still fail has succeeded: no tag moves and nothing is deployed before the tests have passed.
 */
export const needs: Readonly<Record<FlowName, readonly FlowName[]>> = {
  login: [],
  rehearse: ['login'],
  test: ['login'],
  // Nothing waits for it.
  removeTests: ['test'],
  build: ['login'],
  // Neither moves a tag in use nor touches a running container.
  sendAhead: ['login', 'build'],
  prepareAhead: ['rehearse', 'sendAhead'],
  push: ['login', 'rehearse', 'test', 'build', 'sendAhead'],
  deploy: ['login', 'rehearse', 'test', 'build', 'push', 'prepareAhead'],
  plan: ['login'],
  rollback: [],
  status: [],
};

/** In the order shown in the log. */
export function flowNames({ commands, registry, verifyAttestation }: Config, sideBySide: boolean): readonly FlowName[] {
  const rehearses = commands.length > 1 && commands.includes('deploy');
  const asks = verifyAttestation !== undefined && commands.includes('deploy');
  const logsIn = registry?.login !== undefined && (asks || commands.some((name) => onTheRunner.has(name)));
  // An image without an attestation reaches no server.
  const sends = sideBySide && !asks && (['test', 'build', 'push'] as const).every((name) => commands.includes(name));
  const ahead = [
    ...(sends ? (['sendAhead'] as const) : []),
    ...(sends && rehearses ? (['prepareAhead'] as const) : []),
  ];
  return [
    ...(logsIn ? (['login'] as const) : []),
    ...(rehearses ? (['rehearse'] as const) : []),
    ...commands.flatMap((name): readonly FlowName[] => {
      if (name === 'test') return [name, 'removeTests'];
      return name === 'push' ? [...ahead, name] : [name];
    }),
  ];
}

const onTheRunner: ReadonlySet<CommandName> = new Set(['test', 'build', 'push', 'plan']);
