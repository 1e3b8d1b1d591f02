/**
 * The test bed by hand:
 *
 *     node bed/cli.ts up         engine and base images, kept until down
 *     node bed/cli.ts env        lines for the shell:  eval "$(node bed/cli.ts env)"
 *     node bed/cli.ts server 2   a bed with 2 fresh servers, until Ctrl-C
 *     node bed/cli.ts status     the engine, and the beds that are up
 *     node bed/cli.ts down       stop the engine (the images stay cached)
 */
import { once } from 'node:events';
import { type Server, upBed } from './bed.ts';
import { currentEngine, script, upEngine } from './engine.ts';
import { output, run } from './process.ts';

const commands: Readonly<Record<string, (argument: string) => Promise<void>>> = {
  up: async () => {
    await upEngine(true);
    await status();
  },
  env: async () => {
    console.log(await output([script('engine.sh'), 'env']));
    console.log((await output([script('images.sh'), 'print'])).replace(/^(?=\w+=)/gm, 'export '));
  },
  server: servers,
  status,
  down: async () => {
    await output([script('engine.sh'), 'down']);
  },
};

async function servers(count: string): Promise<void> {
  const bed = await upBed();
  const { address, username, password } = bed.registry;
  console.log(`Registry ${address}, user ${username}, password ${password}; images such as ${bed.image('busybox')}`);
  for (let n = 1; n <= Number(count || 1); n++) console.log(describe(await bed.server()));
  console.log('\nCtrl-C removes all of it.');
  const holdOn = setInterval(() => {}, 60_000);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  clearInterval(holdOn);
  await bed.down();
}

function describe({ name, ip, port, hostKey, fingerprint, privateKeyFile }: Server): string {
  const known = `-o UserKnownHostsFile=${privateKeyFile.replace(/key$/, 'known_hosts')}`;
  return `
${name}   ${hostKey}
           ${fingerprint}
    ssh -i ${privateKeyFile} ${known} -p ${port} deploy@${ip}`;
}

async function status(): Promise<void> {
  const engine = await run([script('engine.sh'), 'status']);
  console.log(`engine: ${engine.stdout.trim()}`);
  if (engine.code !== 0) return;
  const { docker, images } = await currentEngine();
  for (const image of Object.values(images)) {
    const size = await docker('images', '--format', '{{.Size}}', image);
    console.log(`${image.padEnd(28)} ${size || 'missing: up'}`);
  }
  console.log(await docker('ps', '--filter', 'label=korrigo.bed', '--format', 'table {{.Names}}\t{{.Status}}'));
}

const [name = '', argument = ''] = process.argv.slice(2);
const command = commands[name];
if (command) await command(argument);
else {
  console.error(`Usage: node bed/cli.ts ${Object.keys(commands).join('|')}`);
  process.exitCode = 64;
}
