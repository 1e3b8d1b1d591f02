import { printable } from '../log/console.ts';
import type { Log } from '../log/log.ts';

/** GitHub's log: groups, and other programs' lines between stop-commands, so that none of them is read as a command. */
export function githubLog(write: (text: string) => void, nonce: () => string): Log {
  let open = false;
  let stopped: string | undefined;
  const resume = (): void => {
    if (stopped !== undefined) write(`::${stopped}::\n`);
    stopped = undefined;
  };
  const stop = (): void => {
    if (stopped !== undefined) return;
    stopped = nonce();
    write(`::stop-commands::${stopped}\n`);
  };
  const end = (): void => {
    resume();
    if (open) write('::endgroup::\n');
    open = false;
  };
  // Our own lines quote others too: they are written between stop-commands as well.
  const say = (text: string): void => {
    stop();
    write(`${printable(text).replaceAll('\r', '')}\n`);
  };
  return {
    stage: (title) => {
      end();
      write(`::group::${title.replaceAll(/\s+/g, ' ')}\n`);
      open = true;
    },
    end,
    info: say,
    progress: say,
    warn: (line) => say(`warning: ${line}`),
    output: (host, line) => say(`${host} | ${line}`),
  };
}
