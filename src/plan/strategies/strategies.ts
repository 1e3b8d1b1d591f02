import type { Config } from '../../config/config.ts';
import { recreate } from './recreate.ts';
import { rolling } from './rolling.ts';
import type { Strategy } from './strategy.ts';

/** Every way from one release to the next. A new one is a file next to this and a line here. */
export const strategies = { recreate, rolling } as const satisfies Record<Config['strategy'], Strategy>;
