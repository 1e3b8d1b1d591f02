import { describe, expect, it } from 'vitest';
import { isChatter } from '../../src/facts/chatter.ts';

describe('chatter', () => {
  it.each([
    ' Container shop-web-1  Waiting',
    ' Container shop-web-1  Starting',
    ' Network shop_default  Creating',
    'time="2026-11-27T18:48:02Z" level=warning msg="Found orphan containers ([shop-web-1]) for this project. If you removed or renamed this service"',
    '#5 sha256:4abcf20661432fb2d719aaf90656f55c287f8ca915dc1c92ec14ff61e67fbaf8 3.40MB / 3.40MB 0.2s',
    '#5 extracting sha256:4abcf20661432fb2d719aaf90656f55c287f8ca915dc1c92ec14ff61e67fbaf8 0.1s done',
    '#3 transferring context: 2B done',
    '#3 DONE 0.0s',
    '#7 CACHED',
    '#1 [internal] load local bake definitions',
    '#2 [web internal] load build definition from Dockerfile',
    '#9 exporting layers 0.1s done',
    '#9 pushing layers',
    '#9 pushing layer 3d6e64808af2 1.75MB / 2.02MB 0.1s',
    '#0 building with "default" instance using docker driver',
    '#1 reading /home/runner/work/_temp/korrigo-x/bake.yml 844B / 844B done',
    '#9 pushing manifest for registry.example.com/shop-web:main@sha256:1 0.1s done',
  ])('is %j', (line) => {
    expect(isChatter(line)).toBe(true);
  });

  it.each([
    ' Container shop-web-1  Recreate',
    ' Container shop-web-1  Started',
    ' Container shop-web-1  Healthy',
    ' Container shop-web-1  Error',
    '#6 [web 2/3] RUN npm ci',
    '#6 1.234 npm error code E404',
    '#6 ERROR: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1',
    '#7 0.143 reading /etc/x done',
    'Dockerfile:5',
    'web-1  | Starting',
    'time="2026-11-27T18:48:02Z" level=warning msg="Network shop_default was not created by Compose"',
    'Error response from daemon: Conflict',
  ])('is not %j', (line) => {
    expect(isChatter(line)).toBe(false);
  });
});
