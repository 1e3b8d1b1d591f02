/** Builds dist/ from src/: what users run. The same sources give the same bytes. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writePrograms } from './programs.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @param into the folder that becomes what it should be, file by file: a program that runs from it is not disturbed. */
export function build(into: string): void {
  writePrograms();
  // The bundler's bytes depend on where its input lies: always here, and one build at a time.
  const work = join(root, '.cache/build');
  const release = lock(join(root, '.cache/build.lock'));
  rmSync(work, { recursive: true, force: true });
  try {
    const bundle = join(work, 'dist');
    run('tsc', ['--project', 'tsconfig.build.json', '--outDir', join(work, 'js')]);
    run('ncc', [
      'build',
      join(work, 'js/main.js'),
      '--minify',
      '--license',
      'licenses.txt',
      '--out',
      bundle,
      '--no-cache',
      '--quiet',
    ]);
    // A Windows program that ssh2 would use to talk to PuTTY's agent: never needed here.
    rmSync(join(bundle, 'pagent.exe'), { force: true });
    writeFileSync(join(bundle, 'post.js'), "globalThis.korrigoShell = 'post';\nrequire('./index.js');\n");
    writeFileSync(
      join(bundle, 'cli.js'),
      "#!/usr/bin/env node\nglobalThis.korrigoShell = 'cli';\nrequire('./index.js');\n",
    );
    chmodSync(join(bundle, 'cli.js'), 0o755);
    const files = readdirSync(bundle);
    const foreign = files.filter((file) => !/\.(?:js|txt)$/.test(file));
    if (foreign.length > 0) throw new Error(`${foreign.join(', ')}: not for every machine, does not belong in dist/`);
    mkdirSync(into, { recursive: true });
    for (const file of files) {
      const fresh = join(into, `.${file}.new`);
      copyFileSync(join(bundle, file), fresh);
      renameSync(fresh, join(into, file));
    }
    for (const file of readdirSync(into)) if (!files.includes(file)) rmSync(join(into, file), { recursive: true });
  } finally {
    rmSync(work, { recursive: true, force: true });
    release();
  }
}

/** Waits while a process that lives holds it. */
function lock(path: string): () => void {
  mkdirSync(dirname(path), { recursive: true });
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch {
      const holder = Number(existsSync(path) ? readFileSync(path, 'utf8') : 0);
      if (!existsSync(`/proc/${holder}`)) rmSync(path, { force: true });
      execFileSync('sleep', ['0.2']);
    }
  }
}

function run(bin: string, args: readonly string[]): void {
  execFileSync(join(root, 'node_modules/.bin', bin), args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
}

if (import.meta.main) build(join(root, 'dist'));
