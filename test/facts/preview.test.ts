import { describe, expect, it } from 'vitest';
import { readPreview } from '../../src/facts/preview.ts';

const fatesOf = (output: string): unknown => readPreview(output).containers;

/** The same changes, as three versions of Compose say them. */
const versions = {
  'Compose 2.26': ` DRY-RUN MODE -  Container shop-z-1  Running
 DRY-RUN MODE -  Container shop-a-1  Recreate
 DRY-RUN MODE -  Container shop-a-1  Recreated
 DRY-RUN MODE -  Container shop-q-1  Recreate
 DRY-RUN MODE -  Container shop-q-1  Recreated
 DRY-RUN MODE -  Container 151eb79f2f56_shop-a-1  Starting
 DRY-RUN MODE -  Container 151eb79f2f56_shop-a-1  Started
 DRY-RUN MODE -  Container 038b0e105031_shop-q-1  Starting
 DRY-RUN MODE -  Container 038b0e105031_shop-q-1  Started
`,
  'Compose 2.40': ` DRY-RUN MODE -  Container shop-z-1  Running
 DRY-RUN MODE -  Container shop-q-1  Stopping
 DRY-RUN MODE -  Container shop-q-1  Stopped
 DRY-RUN MODE -  Container shop-a-1  Recreate
 DRY-RUN MODE -  Container shop-a-1  Recreated
 DRY-RUN MODE -  Container 3a4354b428cf_shop-a-1  Starting
 DRY-RUN MODE -  Container 3a4354b428cf_shop-a-1  Started
`,
  'Compose 5.5': ` Container shop-z-1 Running 
 Container shop-q-1 Stopping 
 Container shop-q-1 Stopped 
 Container shop-a-1 Recreate 
 Container shop-a-1 Recreated 
 Container 757316165c32_shop-a-1 Starting 
 Container 757316165c32_shop-a-1 Started 
`,
};

describe('a dry run', () => {
  it.each([
    ['Compose 2.26', { 'shop-z-1': 'keep', 'shop-a-1': 'recreate', 'shop-q-1': 'recreate' }],
    ['Compose 2.40', { 'shop-z-1': 'keep', 'shop-a-1': 'recreate', 'shop-q-1': 'restart' }],
    ['Compose 5.5', { 'shop-z-1': 'keep', 'shop-a-1': 'recreate', 'shop-q-1': 'restart' }],
  ] as const)('of %s is read', (version, expected) => {
    expect(fatesOf(versions[version])).toEqual(expected);
  });

  it.each([
    ['created', 'Creating', 'Created', 'create'],
    ['removed', 'Stopping', 'Removed', 'remove'],
    ['started', 'Created', 'Starting', 'start'],
    ['only waited for', 'Waiting', 'Healthy', 'keep'],
  ])('says which container is %s', (_, first, second, fate) => {
    const lines = ` DRY-RUN MODE -  Container a  ${first}\n DRY-RUN MODE -  Container a  ${second}\n`;
    expect(fatesOf(lines)).toEqual({ a: fate });
  });

  it('says which networks are made anew, in any version', () => {
    const old = ' DRY-RUN MODE -  Network shop_n  Removed\n DRY-RUN MODE -  Container shop-a-1  Running\n';
    const other = ' Network shop_n Removing \n Network shop_n Removed \n Network shop_m Creating \n';
    expect(readPreview(old).networks).toEqual(['shop_n']);
    expect(readPreview(other).networks).toEqual(['shop_m', 'shop_n']);
  });

  it('may begin its first line with what it would ask a person', () => {
    const asked =
      'Volume "v" exists but doesn\'t match configuration in compose file. Recreate (data will be lost)? DRY-RUN MODE -  Container shop-a-1  Running\n DRY-RUN MODE -  Container shop-b-1  Recreate\n';
    expect(fatesOf(asked)).toEqual({ 'shop-b-1': 'recreate' });
  });

  it('may have nothing to say', () => {
    expect(readPreview('dependency failed to start: container shop-db-1 is unhealthy\n')).toEqual({
      containers: {},
      networks: [],
    });
  });

  it('takes a container that is really called so for itself', () => {
    expect(fatesOf(' Container 0123456789ab_x-1 Running \n')).toEqual({ 'x-1': 'keep' });
  });
});
