/**
 * The pictures and the log of the documentation, from a real run of the example on the test bed.
 *
 *     npm run pictures              runs the example, and writes all of docs/pictures and docs/example-run.md
 *     npm run pictures -- --render  only draws again what is in docs/pictures
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { page } from './pictures/page.ts';
import { drawSummary } from './pictures/summary.ts';
import { drawTerminal } from './pictures/terminal.ts';

const folder = join(import.meta.dirname, '../docs');
const sources = { log: 'pictures/deploy.txt', summary: 'pictures/summary.md' } as const;

/** Every file that is made from the log and the summary, as it should be. */
export function drawn(): Readonly<Record<string, string>> {
  const log = readFileSync(join(folder, sources.log), 'utf8');
  const summary = readFileSync(join(folder, sources.summary), 'utf8');
  return {
    'pictures/deploy.svg': drawTerminal('korrigo test build push deploy', excerpt(log)),
    'pictures/summary.svg': drawSummary(summary),
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

async function main(args: readonly string[]): Promise<void> {
  if (!args.includes('--render')) {
    // The test bed is loaded only where it is needed.
    const { recordRun } = await import('./pictures/run.ts');
    const { log, summary } = await recordRun((line) => console.log(line));
    mkdirSync(join(folder, 'pictures'), { recursive: true });
    writeFileSync(join(folder, sources.log), log);
    writeFileSync(join(folder, sources.summary), summary);
  }
  for (const [name, text] of Object.entries(drawn())) writeFileSync(join(folder, name), text);
  console.log(`wrote docs/${Object.keys(drawn()).join(', docs/')}`);
}

if (import.meta.main) await main(process.argv.slice(2));
