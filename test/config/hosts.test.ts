import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostsOf, jumpHostOf } from '../../src/config/hosts.ts';
import { checkSettings, remedies } from '../../src/config/origin.ts';

const hosts = (text: string) => hostsOf(text, { user: 'deploy' }, remedies.github.input('hosts'));
const problemsOf = (text: string) => {
  const parsed = hosts(text);
  return 'problems' in parsed ? parsed.problems : [];
};

describe('hosts', () => {
  it.each([
    ['a name', 'web1.example.com', { name: 'web1.example.com', host: 'web1.example.com', port: 22, user: 'deploy' }],
    ['a user', 'root@web1', { name: 'web1', host: 'web1', port: 22, user: 'root' }],
    ['a port', 'web1:2222', { name: 'web1:2222', host: 'web1', port: 2222, user: 'deploy' }],
    [
      'everything',
      'ci-user@10.0.0.7:22022',
      { name: '10.0.0.7:22022', host: '10.0.0.7', port: 22022, user: 'ci-user' },
    ],
    [
      'upper case',
      'Web1.Example.COM',
      { name: 'web1.example.com', host: 'web1.example.com', port: 22, user: 'deploy' },
    ],
    ['the default port', 'web1:22', { name: 'web1', host: 'web1', port: 22, user: 'deploy' }],
    ['bare IPv6', '::1', { name: '::1', host: '::1', port: 22, user: 'deploy' }],
    ['IPv6 in brackets', '[2001:DB8::7]', { name: '2001:db8::7', host: '2001:db8::7', port: 22, user: 'deploy' }],
    ['IPv6 with a port', 'root@[::1]:2222', { name: '[::1]:2222', host: '::1', port: 2222, user: 'root' }],
    [
      'the dot of a full name',
      'web1.example.com.:2222',
      { name: 'web1.example.com:2222', host: 'web1.example.com', port: 2222, user: 'deploy' },
    ],
    [
      'a link-local address in brackets',
      '[fe80::1%eth0]:22',
      { name: 'fe80::1%eth0', host: 'fe80::1%eth0', port: 22, user: 'deploy' },
    ],
    ['a link-local address', 'fe80::1%eth0', { name: 'fe80::1%eth0', host: 'fe80::1%eth0', port: 22, user: 'deploy' }],
  ])('are read with %s', (_, text, spec) => {
    expect(hosts(text)).toEqual({ value: [{ kind: 'ssh', ...spec }] });
  });

  it('are separated by commas and newlines, and `local` is this machine', () => {
    const parsed = hosts('web1, web2\r\n\n  local\n');
    expect('value' in parsed && parsed.value.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'ssh web1',
      'ssh web2',
      'local local',
    ]);
  });

  it.each([
    [
      'nothing',
      ' \n,',
      `hosts: is empty; use [user@]host[:port], or \`local\` for this machine. On GitHub it usually comes from the variable HOSTS: ${checkSettings}`,
    ],
    [
      'a space',
      'web1 web2',
      'hosts: "web1 web2" contains a space; separate hosts with commas or newlines, each as [user@]host[:port]',
    ],
    [
      'a semicolon',
      'a@web1;a@web2',
      'hosts: "a@web1;a@web2" contains a semicolon; separate hosts with commas or newlines, each as [user@]host[:port]',
    ],
    [
      'a folder',
      'deploy@web1:/opt/shop',
      'hosts: "deploy@web1:/opt/shop" ends with a folder; remove it, and set the input path',
    ],
    [
      'an expression',
      '${{ vars.HOSTS }}',
      'hosts: "${{ vars.HOSTS }}" is an expression that GitHub has not replaced; check where it is written, and its quotes',
    ],
    ...['["web1"', '- web1', '"web1"', "web2']", '[web1', 'web2]'].map((item) => [
      `a piece of a list: ${item}`,
      item,
      `hosts: ${JSON.stringify(item)} is part of a list in YAML or JSON; write one host per line, without dashes, quotes and brackets`,
    ]),
    [
      'a password, which it does not show',
      'deploy:hunter2@web1',
      'hosts: "deploy:***@web1" has a password before the @; remove it, and log in with ssh-key',
    ],
    [
      'a URL with a password, which it does not show',
      'ssh://deploy:hunter2@web1',
      'hosts: "ssh://deploy:***@web1" is a URL; use [user@]host[:port] without the scheme',
    ],
    ['a URL', 'ssh://web1', 'hosts: "ssh://web1" is a URL; use [user@]host[:port] without the scheme'],
    [
      'a port that is none',
      'web1:ssh',
      'hosts: "web1:ssh" has an invalid port; use a number from 1 to 65535 after the colon',
    ],
    ['port 0', 'web1:0', 'hosts: "web1:0" has an invalid port; use a number from 1 to 65535 after the colon'],
    [
      'a port too high',
      'web1:65536',
      'hosts: "web1:65536" has an invalid port; use a number from 1 to 65535 after the colon',
    ],
    [
      'no port after the colon',
      'web1:',
      'hosts: "web1:" has an invalid port; use a number from 1 to 65535 after the colon',
    ],
    [
      'an empty user',
      '@web1',
      'hosts: "@web1" has an invalid user name before the @; use letters, digits, `_`, `.` and `-`, not starting with `-`',
    ],
    [
      'an option as user',
      '-oProxyCommand=x@web1',
      'hosts: "-oProxyCommand=x@web1" has an invalid user name before the @; use letters, digits, `_`, `.` and `-`, not starting with `-`',
    ],
    [
      'a private key',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0',
      'hosts: contains a private key; move it to ssh-key',
    ],
  ])('reject %s', (_, text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it.each([
    '-web1',
    '$(id)',
    '`id`',
    "web'1",
    'web"1',
    'web1\0',
    'web\x1b1',
    'web1/',
    '1.2.3',
    '256.1.1.1',
    'a..b',
    '[web1]:22',
    '[::1',
    '*',
  ])('reject %j as a host', (text) => {
    expect(problemsOf(text)).toEqual([
      `hosts: ${JSON.stringify(text)} is not a valid host; use [user@]host[:port] with a DNS name, an IPv4 address, or an IPv6 address in brackets`,
    ]);
  });

  it('report every problem at once, and every host that is listed twice', () => {
    expect(problemsOf('web1, -x, WEB1:22, web2:0, root@web1')).toEqual([
      'hosts: "-x" is not a valid host; use [user@]host[:port] with a DNS name, an IPv4 address, or an IPv6 address in brackets',
      'hosts: "web2:0" has an invalid port; use a number from 1 to 65535 after the colon',
      'hosts: "web1" is listed twice; list each host once',
      'hosts: "web1" is listed twice; list each host once',
    ]);
  });

  it('never throw, and accept nothing that a shell could misread', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), addressLike), (text) => {
        const parsed = hosts(text);
        return 'problems' in parsed ? parsed.problems.length > 0 : parsed.value.every(({ name }) => plain.test(name));
      }),
      { numRuns: 2000 },
    );
  });
});

const plain = /^[\w[:][\w.:%[\]-]*$/;
const addressLike = fc
  .array(fc.constantFrom('web1', '@', ':', '[', ']', '::1', '22', ',', '\n', 'local', '.', '-', '$(id)', ' '), {
    maxLength: 8,
  })
  .map((parts) => parts.join(''));

describe('the jump host', () => {
  it('is one address', () => {
    expect(jumpHostOf('ops@bastion:2200\n', { user: 'deploy' })).toEqual({
      value: { kind: 'ssh', name: 'bastion:2200', host: 'bastion', port: 2200, user: 'ops' },
    });
  });

  it.each([
    ['two of them', 'a, b', 'jump-host: 2 hosts given; use exactly one [user@]host[:port]'],
    ['this machine', 'local', 'jump-host: "local" is this machine; use the [user@]host[:port] of the bastion'],
    [
      'a space',
      'a b',
      'jump-host: "a b" contains a space; separate hosts with commas or newlines, each as [user@]host[:port]',
    ],
  ])('is not %s', (_, text, problem) => {
    expect(jumpHostOf(text, { user: 'deploy' })).toEqual({ problems: [problem] });
  });
});
