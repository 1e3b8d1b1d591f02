import type { AnyAuthMethod, ParsedKey } from 'ssh2';
import type { Address, Certificate } from '../model/target.ts';
import { certified } from './ssh-certificate.ts';
import type { Failure } from './ssh-failure.ts';
import * as refusals from './ssh-refusal.ts';

/** How to prove who logs in. Without a key: not at all, the network authenticates the user. */
export type Credentials = { readonly key?: ParsedKey | undefined; readonly certificate?: Certificate | undefined };

/** What to try, in this order: like OpenSSH, a certificate before its key. */
export function attemptsOf({ key, certificate }: Credentials, username: string): readonly AnyAuthMethod[] {
  if (key === undefined) return [{ type: 'none', username }];
  const keys = certificate === undefined ? [key] : [certified(key, certificate), key];
  return keys.map((shown) => ({ type: 'publickey', username, key: shown }));
}

/** @param methods what the server would accept; @param partial whether it accepted the credentials, but needs more */
export function refusalOf(
  { key, certificate }: Credentials,
  to: Address,
  methods: readonly string[],
  partial: boolean,
): Failure {
  if (key === undefined) return refusals.proofWanted(to, methods);
  if (partial) return refusals.secondFactor(to, methods);
  if (!methods.includes('publickey')) return refusals.noKeys(to, methods);
  return certificate === undefined ? refusals.keyRefused(to, key) : refusals.certificateRefused(to, certificate);
}

/** A certificate that no server can accept, by this machine's clock. */
export function outOfDate({ id, validFrom, validUntil }: Certificate, now: Date): Failure | undefined {
  const seconds = now.getTime() / 1000;
  if (validUntil !== undefined && seconds >= validUntil)
    return {
      message: `the certificate "${id}" expired at ${timeOf(validUntil)}`,
      hint: 'Sign the key again right before the deploy, or for longer, and update ssh-certificate.',
      passes: false,
    };
  if (seconds >= validFrom - mostClockError) return undefined;
  return {
    message: `the certificate "${id}" is not valid before ${timeOf(validFrom)}`,
    hint: 'Check the clocks of this machine and of the one that signed the key.',
    passes: false,
  };
}

/** Seconds. */
const mostClockError = 60;

const timeOf = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
