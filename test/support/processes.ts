import { existsSync, readFileSync } from 'node:fs';

/** A process that nobody has waited for yet is dead all the same. */
export const isAlive = (pid: string): boolean =>
  existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
