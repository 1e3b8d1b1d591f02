/** The Compose that tests ask to resolve files: that needs no engine. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { script } from './engine.ts';
import { output, run } from './process.ts';

/**
 * What a child process needs to find it; a DOCKER_CONFIG of its own is made in the folder. `KORRIGO_COMPOSE` names another
 * Compose: the path of its `docker-compose`.
 */
export async function composeEnv(folder: string): Promise<Readonly<Record<string, string>>> {
  const { PATH = '', DOCKER_CONFIG, KORRIGO_COMPOSE: other, KORRIGO_BED_CACHE: cache } = process.env;
  const own = await run(['docker', 'compose', 'version']).catch(() => undefined);
  if (own?.code === 0 && other === undefined)
    return { PATH, ...(DOCKER_CONFIG === undefined ? {} : { DOCKER_CONFIG }) };
  const engine = join(cache ?? join(import.meta.dirname, '../.cache/bed'), 'engine');
  if (own?.code !== 0 && !existsSync(join(engine, 'complete'))) await output([script('engine-fetch.sh'), engine]);
  const config = join(folder, 'docker-config');
  mkdirSync(join(config, 'cli-plugins'), { recursive: true });
  const plugin = other ?? join(engine, 'usr/libexec/docker/cli-plugins/docker-compose');
  symlinkSync(plugin, join(config, 'cli-plugins/docker-compose'));
  const env = { PATH: own?.code === 0 ? PATH : `${join(engine, 'usr/bin')}:${PATH}`, DOCKER_CONFIG: config };
  execFileSync('docker', ['compose', 'version'], { env, stdio: 'ignore' });
  return env;
}
