/**
 * The pictures and the log of the documentation, from real runs on the test bed.
 *
 *     npm run pictures              runs the example and a shop, and writes all of docs/pictures and docs/example-run.md
 *     npm run pictures -- --render  only draws again what is in docs/pictures
 *
 * Needs a Chromium, and the fonts of pictures/browser.ts.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { page } from './pictures/page.ts';
import { stamped } from './pictures/png.ts';
import { drawTerminal } from './pictures/terminal.ts';

const docs = join(import.meta.dirname, '../docs');
const folder = join(docs, 'pictures');

/** Every text that is made from the log and the summary, as it should be. */
export function drawn(): Readonly<Record<string, string>> {
  const log = readFileSync(join(folder, 'deploy.txt'), 'utf8');
  const summary = readFileSync(join(folder, 'summary.md'), 'utf8');
  return {
    'pictures/deploy.svg': drawTerminal('korrigo test build push deploy', excerpt(log)),
    'example-run.md': page(log, summary),
  };
}

/** From the plan of the release on: what a person looks at first. */
function excerpt(log: string): string {
  const lines = log.trimEnd().split('\n');
  const plan = lines.findIndex((line) => line.startsWith('Plan: '));
  const from = plan < 0 ? Math.max(0, lines.length - 34) : plan;
  return ['  …', ...lines.slice(from)].join('\n');
}

/** What is unfolded in a picture, by its title. */
const shown: Readonly<Record<string, readonly string[]>> = {
  plan: [
    'web1.example.com, web2.example.com, web3.example.com: service by service',
    'Migrations that would run (worker: cat /etc/pending)',
  ],
  'three-hosts': ['Time'],
  'rollback-failed': ['Time'],
};

async function main(args: readonly string[]): Promise<void> {
  if (!args.includes('--render')) await record();
  for (const [name, text] of Object.entries(drawn())) writeFileSync(join(docs, name), text);
  await photograph();
}

/** The test bed is loaded only where it is needed. */
async function record(): Promise<void> {
  const { recordRun } = await import('./pictures/run.ts');
  const { recordScenes } = await import('./pictures/scenes.ts');
  const { log, summary } = await recordRun((line) => console.log(line));
  const scenes = await recordScenes((line) => console.log(line));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'deploy.txt'), log);
  for (const [name, text] of Object.entries({ summary, ...scenes })) writeFileSync(join(folder, `${name}.md`), text);
}

/** All that is Markdown, as GitHub shows it. */
async function photograph(): Promise<void> {
  const { photographed } = await import('./pictures/browser.ts');
  const { pageOf } = await import('./pictures/github.ts');
  const width = 880;
  for (const file of readdirSync(folder).filter((each) => each.endsWith('.md'))) {
    const name = file.replace(/\.md$/, '');
    const markdown = readFileSync(join(folder, file), 'utf8');
    const picture = await photographed(pageOf(markdown, width, shown[name]), width);
    writeFileSync(join(folder, `${name}.png`), stamped(picture, markdown));
    console.log(`wrote docs/pictures/${name}.png`);
  }
}

if (import.meta.main) await main(process.argv.slice(2));
