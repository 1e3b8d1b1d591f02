/** Reads what `docker compose config` printed: anything unexpected counts as empty. */
import { isRecord } from '../model/release.ts';

export type Json = Readonly<Record<string, unknown>>;

export const recordOf = (value: unknown): Json => (isRecord(value) ? value : {});
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
export const recordsOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isRecord) : []);

/** Compose doubles every `$` that it prints. */
export const pathOf = (printed: string): string => printed.replaceAll('$$', '$');
