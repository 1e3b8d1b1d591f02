/** A server on which much was deployed: a history of 5,000 lines, and 100 releases. */
import type { Bed, Server } from '../../bed/bed.ts';
import { deployer } from '../../fixtures/korrigo.ts';
import { newRepository } from '../../fixtures/repository.ts';
import { shopFiles } from '../../fixtures/shop.ts';
import { must, script } from './by-hand.ts';
import { seconds, table, versionsOf } from './page.ts';
import { timed } from './way.ts';

const [lines, releases] = [5000, 100];

export async function old(bed: Bed): Promise<string> {
  const repository = newRepository();
  try {
    const server = await bed.server();
    const deploy = deployer(repository.folder, bed, server);
    const inputs = { 'keep-releases': `${releases}` };
    const commands = ['build', 'push', 'deploy'];
    let page = 0;
    const next = async (): Promise<void> => {
      repository.commit(shopFiles(bed, `${++page}`));
      must(await deploy(commands, inputs));
    };
    const measure = async (): Promise<readonly number[]> => [
      await timed(next),
      await timed(async () => must(await deploy(['plan'], inputs))),
      await timed(async () => must(await deploy(['status']))),
      await timed(async () => must(await deploy(['rollback']))),
    ];
    await next();
    await next();
    const young = await measure();
    await age(server);
    const aged = await measure();
    const grown = (await script(server, 'cd /opt/shop && ls releases | wc -l && wc -l <history.jsonl')).split('\n');
    const rows = ['build, push, deploy', 'plan', 'status', 'rollback'].map((name, n) => {
      const [before = 0, after = 0] = [young[n], aged[n]];
      return [`\`${name}\``, seconds(before), seconds(after), (after / before).toFixed(2)];
    });
    return [
      `At the end ${grown[0]} releases and ${grown[1]} lines. ${await versionsOf(bed)}.`,
      '',
      table(['', 'a few releases', `${releases} releases, ${lines} lines`, 'ratio'], rows),
    ].join('\n');
  } finally {
    repository.remove();
  }
}

/** As if the last release had been deployed, under other names, again and again; each has the tags of its images. */
async function age(server: Server): Promise<void> {
  const text = `cd /opt/shop
    last=$(basename "$(readlink current)")
    line=$(grep '"outcome":"succeeded"' history.jsonl | tail -n 1)
    name() { printf '20200101-%06d-%012x' "$1" "$1"; }
    tags=$(docker image ls --format '{{.Repository}}:{{.Tag}}' | grep -e "-$last\\$" || true)
    n=0
    while [ $n -lt "$1" ]; do
      id=$(name $n)
      if [ $n -ge $(($1 - $2)) ]; then
        cp -r "releases/$last" "releases/$id"
        sed -i "s/$last/$id/g" "releases/$id/release.json" "releases/$id/compose.yml"
        for tag in $tags; do docker tag "$tag" "\${tag%"$last"}$id"; done
      fi
      printf '%s\\n' "$line" | sed "s/$last/$id/g"
      n=$((n + 1))
    done >made
    cat history.jsonl >>made && cat made >history.jsonl && rm made
    chown -R deploy:deploy releases history.jsonl`;
  await script(server, text, `${lines}`, `${releases}`);
}
