import { describe, expect, it } from 'vitest';
import { readBuildCache } from '../../src/facts/build-cache.ts';

/** As Buildx 0.13 prints two images that share a stage. */
const output = (web: string, shared: string): string => `#0 building with "default" instance using docker driver

#1 reading bake.yml 122B / 122B done
#1 DONE 0.0s

#2 [web internal] load build definition from Dockerfile
#2 transferring dockerfile: 180B done
#2 DONE 0.0s

#6 [jobs base 1/3] FROM docker.io/library/busybox:1
#6 DONE 0.0s

#10 [jobs base 3/3] COPY f /f
#10 CACHED

#11 [jobs base 2/3] RUN echo base>/b
#11 CACHED

#12 [web base 3/3] COPY f /f
#12 ${shared}

#13 [web 1/1] RUN echo web>/w
#13 ...

#14 [jobs jobs 1/1] RUN echo jobs>/t
#14 CACHED

#15 [web] exporting to image
#15 DONE 0.0s

#13 [web 1/1] RUN echo web>/w
#13 0.412 web
#13 ${web}
`;

describe('what BuildKit took from its cache', () => {
  it.each([
    ['all of it', 'CACHED', 'CACHED', 4],
    ['one step of one image ran', 'DONE 0.9s', 'CACHED', 3],
    ['a step that two images share ran', 'CACHED', 'DONE 0.1s', 3],
    ['a step failed', 'ERROR: process "/bin/sh -c false" did not complete successfully', 'CACHED', 3],
  ])('is counted by step: %s', (_, web, shared, cached) => {
    expect(readBuildCache(output(web, shared))).toEqual({ steps: 4, cached });
  });

  it('is nothing where nothing is printed', () => {
    expect(readBuildCache('')).toEqual({ steps: 0, cached: 0 });
  });

  it('is not what a step prints about itself', () => {
    const printed = '#1 [web 2/2] RUN cat log\n#1 0.1 #9 [web 1/1] RUN no step\n#1 DONE 0.2s\n';
    expect(readBuildCache(printed)).toEqual({ steps: 1, cached: 0 });
  });
});
