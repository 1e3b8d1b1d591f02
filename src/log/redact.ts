import type { Secret } from '../model/secret.ts';
import { printable } from './console.ts';
import type { Log } from './log.ts';

/** The parts of secrets that must not be seen: each line of four characters or more. Shorter ones would hide everything. */
export function maskedParts(secrets: readonly Secret[]): readonly string[] {
  const parts = secrets.flatMap((secret) => {
    const text = secret.reveal();
    return [text, ...text.split(/\r?\n/).flatMap((line) => [line, ...assigned(line)])];
  });
  const long = parts.map((part) => part.trim()).filter((part) => part.length >= 4);
  return [...new Set(long)].sort((a, b) => b.length - a.length);
}

/**
 * From a line of an env file: the value if its name suggests a secret, and the password in a URL. Not every value:
 * GitHub drops an output that contains a masked text, and the value may be the name of a registry or project.
 */
function assigned(line: string): readonly string[] {
  const [, name = '', text = ''] = /^\s*(?:export\s+)?(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
  const value = text.trim().replace(/^(['"])(.*)\1$/, '$2');
  const secret = /PASS|PWD|SECRET|TOKEN|KEY|CREDENTIAL|DSN|SALT|AUTH|PRIVATE|WEBHOOK/i.test(name);
  const password = /:\/\/[^\s/@:]*:([^\s/]+)@/.exec(value)?.[1] ?? '';
  return [...(secret ? [text.trim(), value] : []), password];
}

export function redact(text: string, parts: readonly string[]): string {
  return parts.reduce((seen, part) => seen.replaceAll(part, '***'), text);
}

/** A text for people. First what cannot be seen goes: it could hide a secret from us, but not from the reader. */
export const cleaned = (text: string, parts: readonly string[]): string => redact(printable(text), parts);

/** A log that shows `***` instead of any of the parts. */
export function redacting(log: Log, parts: readonly string[]): Log {
  const hide = (text: string): string => cleaned(text, parts);
  return {
    stage: (title) => log.stage(hide(title)),
    end: () => log.end(),
    info: (line) => log.info(hide(line)),
    progress: (line) => log.progress(hide(line)),
    warn: (line) => log.warn(hide(line)),
    output: (host, line) => log.output(host, hide(line)),
  };
}
