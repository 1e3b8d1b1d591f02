/** 200 services in one compose file. */
import type { Bed, Server } from '../../bed/bed.ts';
import { deployer } from '../../fixtures/korrigo.ts';
import { newRepository } from '../../fixtures/repository.ts';
import { login, must, script } from './by-hand.ts';
import { seconds, table, versionsOf } from './page.ts';
import { timed } from './way.ts';

const count = 200;

/** @param changed how many of them are new with this version */
function composeFile(image: string, version: number, changed: number): string {
  const services = Array.from({ length: count }, (_, n) => {
    const before = n % 10 === 0 ? '' : `    depends_on: [s${n - 1}]\n`;
    return `  s${n}:
    image: ${image}
    command: [sleep, infinity]
    init: true
    stop_grace_period: 1s
    environment:
      VERSION: "${n < changed ? version : 0}"
      NAME: \${NAME:-s${n}}
    volumes: [data:/data]
${before}`;
  });
  return `name: many\nservices:\n${services.join('')}volumes: { data: {} }\n`;
}

export async function many(bed: Bed): Promise<string> {
  const repository = newRepository('many');
  const image = bed.image('busybox');
  try {
    const [server, other] = [await bed.server({ preload: [image] }), await bed.server({ preload: [image] })];
    await login(bed, other);
    const deploy = deployer(repository.folder, bed, server);
    const rows: (readonly string[])[] = [];
    const compare = async (what: string, version: number, changed: number): Promise<void> => {
      const text = composeFile(image, version, changed);
      repository.commit({ 'compose.yml': text });
      const typed = await timed(async () => await typeUp(other, text));
      const ours = await timed(async () => must(await deploy(['build', 'push', 'deploy'])));
      rows.push([what, seconds(typed), seconds(ours), (ours / typed).toFixed(2)]);
      console.error(rows.at(-1)?.join(', '));
    };
    await compare('first deploy', 0, 0);
    await compare('nothing changed', 0, 0);
    await compare('one changed', 1, 1);
    await compare('20 changed', 2, 20);
    await compare('all changed', 3, count);
    for (const command of ['plan', 'status', 'rollback'])
      rows.push([`\`${command}\``, '', seconds(await timed(async () => must(await deploy([command])))), '']);
    const head = ['', '`up --detach`', '`deploy`', 'ratio'];
    return [`${await versionsOf(bed)}.`, '', table(head, rows)].join('\n');
  } finally {
    repository.remove();
  }
}

/** With the pull that each deploy does, too. */
async function typeUp(server: Server, text: string): Promise<void> {
  const up =
    'mkdir -p /opt/many && cd /opt/many && printf %s "$1" >compose.yml && docker compose pull --quiet && docker compose up --detach';
  await script(server, up, text);
}
