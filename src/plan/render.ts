import type { ServiceChange } from '../model/report.ts';

/** What will happen to each service, as a table: what a person wants to read before it does. */
export function renderChanges(host: string, changes: readonly ServiceChange[]): readonly string[] {
  const width = Math.max(0, ...changes.map(({ service }) => service.length));
  const rows = changes.map(({ service, action, reasons }) =>
    `  ${service.padEnd(width)}  ${action.padEnd(8)}  ${reasons.join(', ')}`.trimEnd(),
  );
  return [`${host}:`, ...rows];
}
