import type { Failure } from '../model/failure.ts';
import type { Report } from '../model/report.ts';

import { afterwards } from './after.ts';
import { hintFor } from './failures.ts';

/** A remark that GitHub shows at the step, or at a line of a file. */
export type Annotation = { readonly message: string; readonly file?: string; readonly line?: number };

/** GitHub shows at most ten per step. */
const most = 5;
const longest = 1000;

/** A failure with more lines than that is reduced to its first one: the log has the rest. */
const mostLines = 5;

/** The failures, a few lines each, with what is there now and what to do. */
export function annotations(report: Report): readonly Annotation[] {
  const { failures, undone, dockerfiles = {} } = report;
  const all = failures.map((failure, index) => {
    const text = textOf({ ...failure, hint: hintFor(failure, undone) });
    const { lines: after, next } = afterwards(report);
    const lines = index === 0 ? [text, ...after, ...(next === undefined ? [] : [`→ ${next}`])] : [text];
    return { message: lines.join('\n'), ...placeOf(failure, dockerfiles) };
  });
  if (all.length <= most) return all;
  return [...all.slice(0, most - 1), { message: `${all.length - most + 1} more problems: see the log of this step` }];
}

function textOf({ short, message, hint, kind }: Failure): string {
  const all = message.trimEnd();
  // Several problems with inputs are one failure, and each of them is short.
  const isShort = all.length < longest && (kind === 'input' || all.split('\n').length <= mostLines);
  const text = isShort ? all : short;
  return `${text.slice(0, longest)}${hint === undefined ? '' : `\n→ ${hint}`}`;
}

/** The place in the repository, if Compose or BuildKit reports one. */
function placeOf(failure: Failure, dockerfiles: Readonly<Record<string, string>>): Omit<Annotation, 'message'> {
  const { message, file: known, line: at } = failure;
  if (known !== undefined) return { file: known, ...(at === undefined ? {} : { line: at }) };
  // BuildKit does not name the only target.
  const [only = '', ...others] = Object.keys(dockerfiles);
  const [found, named] = /^(?:ERROR: )?(?:target (\S+): )?failed to solve/m.exec(message) ?? [];
  const target = named ?? (found === undefined || others.length > 0 ? '' : only);
  const [, line] = /^\S+:(\d+)$/m.exec(message) ?? [];
  const file = Object.hasOwn(dockerfiles, target) ? dockerfiles[target] : undefined;
  if (file === undefined) return {};
  return { file, ...(line === undefined ? {} : { line: Number(line) }) };
}
