import { isIP, isIPv6 } from 'node:net';
import type { Address, HostSpec } from '../model/target.ts';
import { listOf } from './parsers.ts';

type Problems = { readonly problems: readonly string[] };
type Defaults = { readonly user: string };

const expectedForm = 'use [user@]host[:port]';

/**
 * The input `hosts`: `[user@]host[:port]` or `local`, separated by commas or newlines. Never throws.
 * @param remedy what to do when it is empty
 */
export function hostsOf(
  text: string,
  { user }: Defaults,
  remedy: string,
): { readonly value: readonly HostSpec[] } | Problems {
  if (text.includes('PRIVATE KEY')) return { problems: ['hosts: contains a private key; move it to ssh-key'] };
  const items = listOf(text);
  if (items.length === 0)
    return { problems: [`hosts: is empty; ${expectedForm}, or \`local\` for this machine. ${remedy}`] };
  const parsed = items.map((item) => (item === 'local' ? localSpec : sshSpec('hosts', item, user)));
  const specs = parsed.flatMap((outcome) => ('value' in outcome ? [outcome.value] : []));
  const problems = [
    ...parsed.flatMap((outcome) => ('problem' in outcome ? [outcome.problem] : [])),
    ...specs.filter((spec, index) => specs.findIndex(({ name }) => name === spec.name) < index).map(listedTwice),
  ];
  return problems.length > 0 ? { problems } : { value: specs };
}

/** The input `jump-host`: one `[user@]host[:port]`. Never throws. */
export function jumpHostOf(text: string, { user }: Defaults): { readonly value: Address } | Problems {
  const items = listOf(text);
  const [item = ''] = items;
  if (items.length !== 1)
    return { problems: [`jump-host: ${items.length} hosts given; use exactly one [user@]host[:port]`] };
  if (item === 'local')
    return { problems: [`jump-host: "local" is this machine; use the [user@]host[:port] of the bastion`] };
  const outcome = sshSpec('jump-host', item, user);
  return 'problem' in outcome ? { problems: [outcome.problem] } : outcome;
}

type Outcome = { readonly value: HostSpec & { readonly kind: 'ssh' } } | { readonly problem: string };

const localSpec = { value: { kind: 'local', name: 'local' } } as const;

const listedTwice = ({ name }: HostSpec) => `hosts: "${name}" is listed twice; list each host once`;

/** As shown in messages: a password before the @ is not shown. */
const shown = (item: string): string => JSON.stringify(item.slice(0, 100).replace(/:(?!\/)[^@]*@/, ':***@'));

const partOfList = /^- |^["'{]|^\[["']|^\[[\w.-]+$|["'}]$|["']\]$|^[\w.-]+\]$/;

function sshSpec(input: string, item: string, defaultUser: string): Outcome {
  const problem = (reason: string) => ({ problem: `${input}: ${shown(item)} ${reason}` });
  if (item.includes('${{'))
    return problem('is an expression that GitHub has not replaced; check where it is written, and its quotes');
  if (partOfList.test(item))
    return problem('is part of a list in YAML or JSON; write one host per line, without dashes, quotes and brackets');
  if (item.includes('://')) return problem(`is a URL; ${expectedForm} without the scheme`);
  if (/[\s;]/.test(item)) {
    const what = item.includes(';') ? 'semicolon' : 'space';
    return problem(`contains a ${what}; separate hosts with commas or newlines, each as [user@]host[:port]`);
  }
  if (/^[^/]+:~?\//.test(item)) return problem('ends with a folder; remove it, and set the input path');
  const at = item.lastIndexOf('@');
  const user = at < 0 ? defaultUser : item.slice(0, at);
  const { host, port } = splitPort(item.slice(at + 1));
  if (user.includes(':')) return problem('has a password before the @; remove it, and log in with ssh-key');
  if (!/^\w[\w.-]{0,63}$/.test(user)) {
    return problem(
      `has an invalid user name before the @; use letters, digits, \`_\`, \`.\` and \`-\`, not starting with \`-\``,
    );
  }
  if (!isHost(host)) {
    return problem(
      `is not a valid host; ${expectedForm} with a DNS name, an IPv4 address, or an IPv6 address in brackets`,
    );
  }
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    return problem('has an invalid port; use a number from 1 to 65535 after the colon');
  }
  return { value: { kind: 'ssh', name: nameOf(host, Number(port)), host, port: Number(port), user } };
}

function splitPort(address: string): { readonly host: string; readonly port: string } {
  if (isIPv6(address)) return { host: address.toLowerCase(), port: '22' };
  const [, inBrackets, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/s.exec(address) ?? [];
  const host = (isIPv6(inBrackets ?? '') ? inBrackets : plain) ?? '';
  // The dot at the end of a full name belongs to DNS.
  return { host: host.toLowerCase().replace(/([a-z0-9])\.$/, '$1'), port: port ?? '22' };
}

/** Digits and dots alone must be meant as an IPv4 address. */
function isHost(host: string): boolean {
  if (isIP(host) !== 0) return /^[\w.:%-]+$/.test(host);
  const labels = host.split('.');
  return host.length <= 253 && !/^[\d.]*$/.test(host) && labels.every((label) => /^\w(?:[\w-]{0,61}\w)?$/.test(label));
}

function nameOf(host: string, port: number): string {
  if (port === 22) return host;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
