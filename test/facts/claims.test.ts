import { describe, expect, it } from 'vitest';
import { factsOf } from '../../fixtures/builders.ts';
import { readClaims } from '../../src/facts/claims.ts';

describe('ports that are taken', () => {
  const published = (text: string) =>
    readClaims(factsOf(['container', 'x', 'p', 's', '/srv', 'running', text])).neighbours[0]?.published;

  it.each([
    ['on all addresses', '0.0.0.0:80->80/tcp', [['', 80, 'tcp']]],
    ['on all addresses of IPv6', '[::]:80->80/tcp', [['', 80, 'tcp']]],
    ['on one address', '127.0.0.1:53->53/udp', [['127.0.0.1', 53, 'udp']]],
    ['on one address of IPv6', '[fd00::1]:53->53/udp', [['fd00::1', 53, 'udp']]],
    [
      'as a range',
      '0.0.0.0:80-81->8080-8081/tcp',
      [
        ['', 80, 'tcp'],
        ['', 81, 'tcp'],
      ],
    ],
    ['only inside', '80/tcp, 443/tcp', []],
    ['not at all', '', []],
  ])('are read: %s', (_, text, expected) => {
    expect(published(text)?.map(({ address, port, protocol }) => [address, port, protocol])).toEqual(expected);
  });

  it.each([
    ['everywhere', '00000000:0050', '', 80],
    ['on this machine', '0100007F:1F90', '127.0.0.1', 8080],
    ['everywhere, IPv6', '00000000000000000000000000000000:01BB', '', 443],
    ['on an IPv4 address of an IPv6 socket', '0000000000000000FFFF00000100007F:1F90', '127.0.0.1', 8080],
    [
      'on the IPv6 address of this machine',
      '00000000000000000000000001000000:0035',
      '0000:0000:0000:0000:0000:0000:0000:0001',
      53,
    ],
  ])('by a program that listens are read as the kernel writes them: %s', (_, text, address, port) => {
    expect(readClaims(factsOf(['listening', text])).listening).toEqual([{ address, port }]);
  });

  it('are none in what the kernel does not write', () => {
    expect(readClaims(factsOf(['listening', 'local_address'])).listening).toEqual([]);
  });
});
