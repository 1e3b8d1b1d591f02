/** What is told of a release that Compose refuses to resolve. */
import { expect, it } from 'vitest';
import { sandbox } from '../../fixtures/server.ts';
import { sourceFolder } from '../../src/commands/paths.ts';
import { readResolution } from '../../src/facts/resolution.ts';

it('names an env file that only another user may read', async () => {
  const server = sandbox({ docker: 'cat "$HOME/refusal" >&2; exit 1' });
  const source = `releases/r1/${sourceFolder}`;
  server.write({ '../../refusal': `open ${server.path(source)}/.env: permission denied\n` });
  for (const file of ['compose.yml', '.env']) server.write({ [`${source}/${file}`]: '' });
  for (const file of ['paths.tab', 'images.tab', 'variables.txt', 'env-files.txt'])
    server.write({ [`releases/r1/${file}`]: '' });
  const { code, stdout } = await server.run('resolve', [server.root, 'r1', 'shop', '.']);
  expect([code, readResolution('web1', stdout, server.root).problems]).toEqual([
    0,
    [
      `web1: ${server.path('shared/.env')} is an env file that the deploy user cannot read, and Compose reads it as that user: give it the file, and the folders above it`,
    ],
  ]);
});
