/** The Compose that tests ask to resolve files: that needs no engine. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { script } from './engine.ts';
import { output, run } from './process.ts';

/** What a child process needs to find it; a DOCKER_CONFIG of its own is made in the folder. */
export async function composeEnv(folder: string): Promise<Readonly<Record<string, string>>> {
  const path = process.env['PATH'] ?? '';
  const own = await run(['docker', 'compose', 'version']).catch(() => undefined);
  const { DOCKER_CONFIG } = process.env;
  if (own?.code === 0) return { PATH: path, ...(DOCKER_CONFIG === undefined ? {} : { DOCKER_CONFIG }) };
  const engine = join(process.env['KORRIGO_BED_CACHE'] ?? join(import.meta.dirname, '../.cache/bed'), 'engine');
  if (!existsSync(join(engine, 'complete'))) await output([script('engine-fetch.sh'), engine]);
  const config = join(folder, 'docker-config');
  mkdirSync(config, { recursive: true });
  symlinkSync(join(engine, 'usr/libexec/docker/cli-plugins'), join(config, 'cli-plugins'));
  const env = { PATH: `${join(engine, 'usr/bin')}:${path}`, DOCKER_CONFIG: config };
  execFileSync('docker', ['compose', 'version'], { env, stdio: 'ignore' });
  return env;
}
