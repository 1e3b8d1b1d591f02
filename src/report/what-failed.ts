import type { Report } from '../model/report.ts';
import { hintOf } from './failures.ts';
import { bounded, details, fenced, inline, paragraph, shortened } from './markdown.ts';

/** A failure with all details. Long text is folded and reduced to one line here, as several failures are. */
export function failureText(report: Report): string {
  const { failures } = report;
  const all = failures[0]?.message ?? '';
  const isShort = failures.length === 1 && all.length <= 4000 && all.split('\n').length <= 30;
  const hint = hintOf(report);
  const longer = isShort ? [] : failures.filter(({ message }) => message.includes('\n')).slice(0, 20);
  return [
    failures[0]?.kind === 'cancelled' ? '**Cancelled**' : '**What failed**',
    said(isShort ? all : shortened(failures.map(({ short }) => short).join('\n'), 4000)),
    ...(hint === undefined ? [] : [`**What to do:** ${inline(hint)}`]),
    ...longer.map(({ short, message }) =>
      details(longer.length === 1 ? 'Details' : shortened(short, 200), fenced(shortened(message, 16_000))),
    ),
  ].join('\n\n');
}

/** Our own sentences are wrapped; what other programs printed stays as it is. */
function said(text: string): string {
  const [first = '', ...others] = text.split('\n');
  if (others.length === 0) return paragraph(first);
  const isList = /^\d+ problems:$/.test(first) && others.every((line) => line.startsWith('- '));
  return isList ? others.map((line) => `- ${paragraph(line.slice(2))}`).join('\n') : fenced(text);
}

/** The summary of a run that did not start, because of its inputs. */
export function refusal(message: string, hint: string | undefined): string {
  const next = hint === undefined ? [] : [`**What to do:** ${inline(hint)}`];
  return bounded(['## ❌ nothing was started', said(message), ...next]);
}
