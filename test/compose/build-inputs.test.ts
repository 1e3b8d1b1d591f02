import { describe, expect, it } from 'vitest';
import { neededOf } from '../../src/compose/build-inputs.ts';

const context = { what: 'context', paths: ['/src/web'] };

describe('what a build needs on this machine', () => {
  it.each([
    [
      'a folder, and the Dockerfile in it by either name',
      { context: '/src/web', dockerfile: 'Dockerfile' },
      [context, { what: 'Dockerfile', paths: ['/src/web/Dockerfile', '/src/web/dockerfile'] }],
    ],
    [
      'a Dockerfile elsewhere',
      { context: '/src/web', dockerfile: '../docker/web.prod' },
      [context, { what: 'Dockerfile', paths: ['/src/docker/web.prod'] }],
    ],
    ['no Dockerfile that is written inline', { context: '/src/web', dockerfile_inline: 'FROM a' }, [context]],
    ['nothing of a repository at a URL', { context: 'https://example.com/web.git', dockerfile: 'Dockerfile' }, []],
    [
      'further folders, and no other image',
      {
        context: '/src/web',
        dockerfile_inline: 'FROM a',
        additional_contexts: { assets: '/src/a$$b', base: 'service:base', os: 'docker-image://debian' },
      },
      [context, { what: 'context assets', paths: ['/src/a$b'] }],
    ],
  ])('is %s', (_, build, needed) => {
    expect(neededOf(build)).toEqual(needed);
  });
});
