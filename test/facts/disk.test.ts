import { describe, expect, it } from 'vitest';
import { factsOf } from '../../fixtures/builders.ts';
import { diskProblem, readDisks } from '../../src/facts/disk.ts';

const plenty = '40000000';
const what = (rows: readonly (readonly string[])[], said = ''): string | undefined =>
  diskProblem(readDisks(factsOf(...rows.map((row) => ['disk', ...row]))), said)?.what;

describe('a full disk', () => {
  it.each<readonly [string, readonly (readonly string[])[], string, string | undefined]>([
    ['is named with what is left', [['40', '9000', '/opt/shop']], '', 'the disk is full (0 MiB free at /opt/shop)'],
    [
      'is told from those that are not',
      [
        [plenty, '', '/opt/shop'],
        ['3000', '9000', '/tmp'],
      ],
      '',
      'the disk is full (2 MiB free at /tmp)',
    ],
    ['may be full of files', [[plenty, '0', '/opt/shop']], '', 'the disk is full (no inodes left at /opt/shop)'],
    [
      'is believed when what failed has freed some of it again',
      [['300000', '', '/var/lib/docker']],
      'write /layer.tar: no space left on device',
      'the disk is full (292 MiB free at /var/lib/docker)',
    ],
    ['is believed when it is another disk', [[plenty, '', '/opt/shop']], 'ENOSPC: write', 'the disk is full'],
    ['is none', [['300000', '9000', '/opt/shop']], 'exit 1', undefined],
    ['is none where nothing is known', [['', '', '/opt/shop']], '', undefined],
  ])('%s', (_, rows, said, expected) => {
    expect(what(rows, said)).toBe(expected);
  });
});
