import { type CommandName, commandNames } from './config.ts';
import { type InputName, inputNames } from './inputs.ts';

const definition = ['build', 'push', 'deploy', 'plan'] as const;
const plans = ['deploy', 'plan'] as const;
const images = ['build', 'push'] as const;
const deploys = ['deploy', 'rollback'] as const;
const servers = [...deploys, 'plan', 'status'] as const;

/** Which commands read an input. */
export const usedBy: Readonly<Record<InputName, readonly CommandName[]>> = {
  command: [],
  'working-directory': ['test', ...definition],
  'compose-file': definition,
  profiles: definition,
  'project-name': [...definition, 'rollback', 'status'],
  variables: definition,
  sequential: ['test', 'build'],
  'test-compose-file': ['test'],
  'test-service': ['test'],
  'test-timeout': ['test'],
  registry: [...definition, 'rollback'],
  'registry-username': [...definition, 'rollback'],
  'registry-password': [...definition, 'rollback'],
  tags: images,
  platforms: images,
  'cache-from': images,
  'cache-to': images,
  attest: images,
  'verify-attestation': ['deploy'],
  release: plans,
  hosts: servers,
  'ssh-key': servers,
  'ssh-passphrase': servers,
  'ssh-certificate': servers,
  'ssh-auth': servers,
  'proxy-command': servers,
  'known-hosts': servers,
  'jump-host': servers,
  'connect-timeout': servers,
  path: servers,
  files: plans,
  'server-owned': plans,
  'env-files': plans,
  strategy: [...deploys, 'plan'],
  drain: [...deploys, 'plan'],
  'force-recreate': [...deploys, 'plan'],
  backup: plans,
  'backup-timeout': ['deploy'],
  migrate: plans,
  'migrate-when': plans,
  'migrate-timeout': plans,
  'migrate-plan': plans,
  'health-url': deploys,
  probe: [...deploys, 'plan'],
  'max-downtime': deploys,
  'health-timeout': deploys,
  'init-timeout': deploys,
  'allow-older': plans,
  accept: [...deploys, 'plan'],
  'on-failure': deploys,
  'lock-timeout': deploys,
  grace: deploys,
  heal: ['status'],
  to: ['rollback'],
  reason: ['rollback'],
  'keep-releases': ['deploy'],
  comment: ['plan'],
  deployment: deploys,
  environment: deploys,
  'github-token': [...deploys, 'plan'],
  format: ['plan', 'status'],
};

/** The inputs that these commands read, in the order of the table of inputs. */
export const inputsFor = (commands: readonly CommandName[]): readonly InputName[] =>
  inputNames.filter((name) => usedBy[name].some((command) => commands.includes(command)));

export const isCommand = (word: string): word is CommandName => commandNames.some((name) => name === word);
