/** The secret files of an operator who is tired: what `prepare` says of them, and what becomes of line ends. */
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bed, upBed } from '../../bed/bed.ts';
import type { Result } from '../../bed/process.ts';

type Secrets = Readonly<Record<string, string | Uint8Array>>;

const script = join(import.meta.dirname, '../../infra/docker/prepare.sh');
const good = { db_password: 'one\n', secret_key: 'two\n' };

let bed: Bed;
let folder: string;

beforeAll(async () => {
  bed = await upBed();
  folder = join(bed.folder, 'secrets');
});
afterAll(async () => {
  await bed?.down();
});

it('are asked for by name, all of them at once, with the command that makes them', async () => {
  const { code, stderr } = await prepare({});
  expect(code).toBe(1);
  expect(stderr).toBe(
    'infra/docker/secrets:\n' +
      '  db_password.txt is missing: openssl rand -base64 24 >infra/docker/secrets/db_password.txt\n' +
      '  secret_key.txt is missing: openssl rand -base64 48 >infra/docker/secrets/secret_key.txt\n',
  );
});

it('that cannot be used are all named, and none of them is copied', async () => {
  await write({ db_password: '\r\n \n', secret_key: '', redis_password: 'a\nb\n' });
  await mkdir(join(folder, 'alerts.txt'));
  const { code, stdout, stderr } = await run('sh /prepare.sh || { ls -A /run/prepared; exit 1; }');
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr.split('\n')).toEqual([
    'infra/docker/secrets:',
    '  alerts.txt is a folder. Docker creates one if the file is missing: remove it, and write the file.',
    '  db_password.txt is empty.',
    '  redis_password.txt has several lines, but this secret must be one line.',
    '  secret_key.txt is empty.',
    '',
  ]);
});

it('of one line are the same with what editors and Windows put around it', async () => {
  const marked = Uint8Array.from([0xef, 0xbb, 0xbf, ...Buffer.from('four\r\n')]);
  await write({
    db_password: 'one',
    secret_key: 'two\r\n',
    redis_password: '\r\n\nthree\n\n',
    offsite_password: marked,
  });
  const read = 'for name in db_password secret_key redis_password offsite_password; do echo $(cat $name); done';
  const { stdout, stderr } = await run(`sh /prepare.sh && cd /run/prepared && ${read} && cat database_passwords`);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^one\ntwo\nthree\nfour\n\\set user_password 'one'\n/);
});

it('of several lines keep them, without what Windows adds', async () => {
  await write({ ...good, offsite_ssh_key: 'BEGIN\r\n\r\nEND\r\n', alerts: 'A=1\r\nB=2\r\n', unknown: 'x\r\n' });
  const { stdout } = await run('sh /prepare.sh && cd /run/prepared && cat offsite_ssh_key alerts unknown');
  expect(stdout).toBe('BEGIN\n\nEND\nA=1\nB=2\nx\r\n');
});

it('are used as they are when everybody on the server can read them, which is said', async () => {
  await write(good);
  await chmod(folder, 0o755);
  await chmod(join(folder, 'secret_key.txt'), 0o644);
  const open = await run('sh /prepare.sh && stat -c %a /run/prepared/secret_key');
  expect([open.code, open.stdout]).toEqual([0, '440\n']);
  expect(open.stderr).toBe(
    'warning: everyone on this server can read secrets/secret_key.txt: chmod 700 infra/docker/secrets\n',
  );
  await chmod(folder, 0o700);
  expect((await run('sh /prepare.sh')).stderr).toBe('');
});

it('that nobody but root may read are read all the same', async () => {
  await write(good);
  await chmod(join(folder, 'db_password.txt'), 0o000);
  expect(await run('sh /prepare.sh')).toMatchObject({ code: 0, stderr: '' });
});

const prepare = async (secrets: Secrets): Promise<Result> => {
  await write(secrets);
  return await run('sh /prepare.sh');
};

const write = async (secrets: Secrets): Promise<void> => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  for (const [name, content] of Object.entries(secrets))
    await writeFile(join(folder, `${name}.txt`), content, { mode: 0o600 });
};

/** With the rights that the compose file gives it. */
const run = (command: string): Promise<Result> =>
  bed.engine.tryDocker([
    ...[
      'run',
      '--rm',
      '--network',
      'none',
      '--user',
      '0:0',
      '--read-only',
      '--tmpfs',
      '/run/prepared',
      '--tmpfs',
      '/data',
    ],
    ...[
      '--cap-drop',
      'ALL',
      '--cap-add',
      'CHOWN',
      '--cap-add',
      'DAC_OVERRIDE',
      '--security-opt',
      'no-new-privileges:true',
    ],
    ...['--volume', `${folder}:/run/secrets`, '--volume', `${script}:/prepare.sh:ro`],
    ...['--entrypoint', 'sh', bed.engine.images.redis, '-c', command],
  ]);
