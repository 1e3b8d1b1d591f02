import { isIP } from 'node:net';
import { didYouMean } from '../config/nearest.ts';
import type { Claims } from '../model/claims.ts';

type Option = Claims['options'][number];
type Facts = Pick<Claims, 'options' | 'cpus' | 'networks' | 'networksHere'>;
/** What is wrong with an option of a service. @param other the first value that the service has for another key */
type Judge = (option: Option, other: (key: string) => string, facts: Facts) => string | undefined;

/**
 * What Compose accepts, but Docker refuses when it creates or starts a container, after the old one is gone.
 * @param replicas nothing is refused for a service scaled to 0
 */
export function optionProblems(facts: Facts, replicas: Readonly<Record<string, number>> = {}): readonly string[] {
  return facts.options
    .filter(({ service, key }) => replicas[service] !== 0 && Object.hasOwn(judges, key))
    .flatMap((option) => {
      const other = (key: string): string =>
        facts.options.find(({ service, key: own }) => service === option.service && own === key)?.value ?? '';
      const problem = judges[option.key]?.(option, other, facts);
      return problem === undefined ? [] : [`${option.service} ${problem}`];
    });
}

const judges: Readonly<Record<string, Judge>> = {
  cap_add: capability,
  cap_drop: capability,
  sysctls: ({ value }, other) => {
    const ofHost = value.startsWith('net.') && other('network_mode') === 'host';
    if (sysctlOfContainers.test(value) && !ofHost) return undefined;
    return `sets the sysctl ${value}, which${ofHost ? ' with `network_mode: host`' : ''} is the server's own: set it there, in a file in /etc/sysctl.d, and remove it from the compose file`;
  },
  restart: ({ value }) =>
    unless(
      /^(no|always|unless-stopped|on-failure(:\d+)?|)$/.test(value),
      `has \`restart: ${value}\`, which Docker does not know: use no, always, unless-stopped, on-failure or on-failure:<times>${didYouMean(value, ['always', 'unless-stopped', 'on-failure'])}`,
    ),
  stop_signal: ({ value }) => {
    const name = value.toUpperCase().replace(/^SIG/, '');
    if (/^(\d+|RTM(IN|AX)([-+]\d+)?)$/.test(name) || signals.includes(name)) return undefined;
    return `has \`stop_signal: ${value}\`, which is no signal of Linux${didYouMean(name, signals, (known) => `SIG${known}`)}`;
  },
  mem_limit: ({ value }) =>
    unless(
      !(Number(value) > 0 && Number(value) < 6 * 1024 * 1024),
      `has a memory limit of ${value} bytes, and Docker wants at least 6 MB: give the limit a unit, as in \`512m\``,
    ),
  mem_reservation: ({ value }, other) =>
    unless(
      !(Number(value) > Number(other('mem_limit') || Infinity)),
      `reserves more memory (${value} bytes) than its limit (${other('mem_limit')} bytes) allows: change one of them`,
    ),
  memswap_limit: ({ value }, other) =>
    unless(
      !(Number(value) > 0 && Number(value) < Number(other('mem_limit') || Infinity)),
      `has \`memswap_limit: ${value}\`, which is memory and swap together, so Docker wants a memory limit beside it, and no larger one`,
    ),
  cpus: ({ value }, _, { cpus }) =>
    unless(
      cpus === 0 || Number(value) <= cpus,
      `has a limit of ${value} CPUs, which Docker refuses on a server with ${cpus}: set ${cpus} or less`,
    ),
  cpuset: ({ value }, _, { cpus }) =>
    unless(
      cpus === 0 || value.split(/[,-]/).every((cpu) => Number(cpu) < cpus),
      `has \`cpuset: ${value}\`, but this server has the CPUs 0 to ${cpus - 1}: choose from those`,
    ),
  network_mode: ({ value }, _, { networks, networksHere }) => {
    const isThere = Object.hasOwn(networksHere, value) || networks.some(({ name }) => name === value);
    // Every engine has networks: without any, they could not be listed.
    if (isThere || Object.keys(networksHere).length === 0 || /^(host|none|default|\w+:.+)$/.test(value))
      return undefined;
    return `has \`network_mode: ${value}\`, and this server has no network of that name: create it with \`docker network create ${value}\`, or list a network in \`networks\``;
  },
  has: ({ value }, other) => {
    const network = other('network_mode');
    const [, kind = '', whose = ''] = /^(service|container):(.+)$/.exec(network) ?? [];
    const remedy = whose === '' ? 'remove it' : `move it to the ${kind} ${whose}, whose network this is`;
    return unless(
      whose === '' && (network !== 'host' || value !== 'links'),
      `has \`${value}\`, which Docker refuses beside \`network_mode: ${network}\`: ${remedy}`,
    );
  },
  container_name: ({ value }) =>
    unless(
      /^[A-Za-z0-9][\w.-]+$/.test(value),
      `has \`container_name: ${value}\`, which Docker does not take: use two or more letters, digits, \`_\`, \`.\` and \`-\``,
    ),
  working_dir: ({ value }) =>
    unless(value.startsWith('/'), `has \`working_dir: ${value}\`, which is no absolute path: begin it with /`),
  extra_hosts: ({ value }) => {
    const [, address = ''] = /[:=](.*)$/.exec(value) ?? [];
    return unless(
      address === 'host-gateway' || isIP(address.replace(/^\[(.*)\]$/, '$1')) > 0,
      `has \`extra_hosts: ${value}\`, and "${address}" is no IP address: write one, or host-gateway for this server`,
    );
  },
  'logging.options': ({ value }, other) => {
    const driver = other('logging.driver');
    const known = Object.hasOwn(logOptions, driver) ? (logOptions[driver] ?? []) : [value];
    return unless(
      known.includes(value),
      `logs with the option ${value}, which the driver ${driver} does not know: use ${known.join(', ')}${didYouMean(value, known)}`,
    );
  },
};

const unless = (isRight: boolean, problem: string): string | undefined => (isRight ? undefined : problem);

function capability({ key, value }: Option): string | undefined {
  const name = value.toUpperCase().replace(/^CAP_/, '');
  return unless(
    capabilities.includes(name),
    `has \`${key}: ${value}\`, which is no capability of Linux: use one of \`man 7 capabilities\`, or ALL${didYouMean(name, capabilities)}`,
  );
}

/** As runc knows what a container has of its own. */
const sysctlOfContainers =
  /^(net\.|fs\.mqueue\.|kernel\.(domainname|msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)$)/;

const limits = ['max-size', 'max-file', 'compress', 'mode', 'max-buffer-size'];
const logOptions: Readonly<Record<string, readonly string[]>> = {
  local: limits,
  'json-file': [...limits, 'labels', 'labels-regex', 'env', 'env-regex', 'tag'],
};

/** man 7 capabilities */
const capabilities =
  'ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM'.split(
    ' ',
  );

/** man 7 signal */
const signals =
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ'.split(
    ' ',
  );
