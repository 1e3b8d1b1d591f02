import { recreate } from './recreate.ts';
import type { Strategy } from './strategy.ts';

/** Every way from one release to the next. A new one is a file beside this and a line here. */
export const strategies = { recreate } as const satisfies Record<string, Strategy>;
