/** Writes what the code already says into action.yml, README.md (between markers) and the reusable workflows. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';

const root = new URL('../', import.meta.url);

type Document = { readonly path: string; readonly is: string; readonly should: string };
type Row = { readonly name: string; readonly description: string; readonly default: string; readonly secret: boolean };

/** The files with generated parts, as they are and as they should be. */
export async function documents(): Promise<readonly Document[]> {
  const { inputs, outputs } = await tables();
  const parts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'action.yml': { inputs: yamlInputs(inputs), outputs: yamlOutputs(outputs) },
    'README.md': { inputs: markdownInputs(inputs), outputs: markdownOutputs(outputs) },
  };
  const mixed = Object.entries(parts).map(([path, sections]): Document => {
    const is = read(path);
    const should = Object.entries(sections).reduce((text, [name, part]) => replace(path, text, name, part), is);
    return { path, is, should };
  });
  const { actionRef, workflows } = await import('./workflows.ts');
  const whole = Object.entries(workflows(actionRef())).map(([name, should]): Document => {
    const path = `.github/workflows/${name}`;
    return { path, is: existsSync(new URL(path, root)) ? read(path) : '', should };
  });
  return [...mixed, ...whole];
}

const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

async function tables(): Promise<{
  readonly inputs: readonly Row[];
  readonly outputs: readonly (readonly [string, string])[];
}> {
  const { inputNames, inputOf } = await import('../src/config/inputs.ts');
  const { outputs } = await import('../src/report/outputs.ts');
  const inputs = inputNames.map((name) => {
    const { description, default: value = '', secret = false } = inputOf(name);
    return { name, description, default: value, secret };
  });
  return { inputs, outputs: Object.entries(outputs) };
}

/** `required` would only be a remark of GitHub's: which inputs a command needs is checked, and said, by the action. */
function yamlInputs(rows: readonly Row[]): string {
  const entries = rows.map(({ name, description, default: value }) => [
    name,
    { description, ...(value === '' ? {} : { default: value }) },
  ]);
  return yaml({ inputs: Object.fromEntries(entries) });
}

function yamlOutputs(rows: readonly (readonly [string, string])[]): string {
  return yaml({ outputs: Object.fromEntries(rows.map(([name, description]) => [name, { description }])) });
}

const yaml = (value: unknown): string => stringify(value, { lineWidth: 0, singleQuote: true });

function markdownInputs(rows: readonly Row[]): string {
  const lines = rows.map(({ name, description, default: value, secret }) => {
    const remark = secret ? '*secret*' : value === '' ? '' : `\`${value}\``;
    return [`\`${name}\``, remark, description];
  });
  return table(['input', 'default', ''], lines);
}

function markdownOutputs(rows: readonly (readonly [string, string])[]): string {
  return table(
    ['output', ''],
    rows.map(([name, description]) => [`\`${name}\``, description]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('');
}

/** Markers stand on lines of their own: `# <inputs>` in YAML, `<!-- <inputs> -->` in Markdown. */
function replace(path: string, text: string, name: string, part: string): string {
  const [start, end] = path.endsWith('.md')
    ? [`<!-- <${name}> -->\n`, `<!-- </${name}> -->\n`]
    : [`# <${name}>\n`, `# </${name}>\n`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path} has no markers ${start.trim()} … ${end.trim()}`);
  return `${text.slice(0, from)}${start}${part}${text.slice(to)}`;
}

async function main(args: readonly string[]): Promise<void> {
  // package.json must not say that this is made of modules (the bundle would break), and of src/ Node grumbles about it.
  process.removeAllListeners('warning');
  const stale = (await documents()).filter(({ is, should }) => is !== should);
  if (args.includes('--check')) {
    if (stale.length === 0) return;
    console.error(
      `Not what the code says any more: ${stale.map(({ path }) => path).join(', ')}. Run \`npm run docs\`.`,
    );
    process.exitCode = 1;
    return;
  }
  for (const { path, should } of stale) writeFileSync(new URL(path, root), should);
  console.log(stale.length === 0 ? 'Nothing to do.' : `Wrote ${stale.map(({ path }) => path).join(', ')}.`);
}

if (import.meta.main) await main(process.argv.slice(2));
