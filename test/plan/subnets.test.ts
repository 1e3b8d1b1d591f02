import { describe, expect, it } from 'vitest';
import { overlap } from '../../src/plan/subnets.ts';

describe('two subnets', () => {
  it.each([
    ['10.0.0.0/8', '10.1.2.0/24', true],
    ['172.17.5.9/16', '172.17.0.0/16', true],
    ['192.168.0.0/24', '192.168.1.0/24', false],
    ['0.0.0.0/0', '255.255.255.255/32', true],
    ['fd00::/64', 'FD00::/64', true],
    ['fd00::/64', '10.0.0.0/8', false],
  ])('%s and %s have addresses in common: %s', (a, b, expected) => {
    expect([overlap(a, b), overlap(b, a)]).toEqual([expected, expected]);
  });
});
