import type { Failure } from '../model/failure.ts';
import type { Report } from '../model/report.ts';

import { afterwards } from './after.ts';
import { hintFor } from './failures.ts';

/** A remark that GitHub shows at the step, or at a line of a file. */
export type Annotation = { readonly message: string; readonly file?: string; readonly line?: number };

/** GitHub shows at most ten per step. */
const most = 5;
const longest = 1000;

/** The failures, one line each, with what to do: the log has the details. */
export function annotations(report: Report): readonly Annotation[] {
  const { failures, undone, dockerfiles = {} } = report;
  const all = failures.map((failure, index) => {
    const text = textOf({ ...failure, hint: hintFor(failure, undone) });
    const lines = index === 0 ? [text, ...afterwards(report).lines] : [text];
    return { message: lines.join('\n'), ...placeOf(failure, dockerfiles) };
  });
  if (all.length <= most) return all;
  return [...all.slice(0, most - 1), { message: `${all.length - most + 1} more problems: see the log of this step` }];
}

function textOf({ short, message, hint, kind }: Failure): string {
  // Several problems with inputs are one failure, and each of them is short.
  const text = kind === 'input' && message.length < longest ? message : short;
  return `${text.slice(0, longest)}${hint === undefined ? '' : `\n→ ${hint}`}`;
}

/** The place in the repository, if BuildKit reports one. */
function placeOf({ message }: Failure, dockerfiles: Readonly<Record<string, string>>): Omit<Annotation, 'message'> {
  const [, target = ''] = /^(?:ERROR: )?target (\S+): failed to solve/m.exec(message) ?? [];
  const [, line] = /^\S+:(\d+)$/m.exec(message) ?? [];
  const file = Object.hasOwn(dockerfiles, target) ? dockerfiles[target] : undefined;
  if (file === undefined) return {};
  return { file, ...(line === undefined ? {} : { line: Number(line) }) };
}
