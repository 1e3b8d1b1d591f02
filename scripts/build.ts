/** Builds dist/ from src/: what users run. The same sources give the same bytes. */
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writePrograms } from './programs.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const compiled = join(root, '.cache/build');
const run = (bin: string, args: readonly string[]): void => {
  execFileSync(join(root, 'node_modules/.bin', bin), args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
};

writePrograms();
for (const folder of [compiled, dist]) rmSync(folder, { recursive: true, force: true });
run('tsc', ['--project', 'tsconfig.build.json']);
run('ncc', ['build', join(compiled, 'main.js'), '--minify', '--license', 'licenses.txt', '--out', dist, '--no-cache', '--quiet']);
// A Windows program that ssh2 would use to talk to PuTTY's agent: never needed here.
rmSync(join(dist, 'pagent.exe'), { force: true });
writeFileSync(join(dist, 'post.js'), "globalThis.korrigoShell = 'post';\nrequire('./index.js');\n");
writeFileSync(join(dist, 'cli.js'), "#!/usr/bin/env node\nglobalThis.korrigoShell = 'cli';\nrequire('./index.js');\n");
chmodSync(join(dist, 'cli.js'), 0o755);
