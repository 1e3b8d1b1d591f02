/** Reads what the programs of a lease print. */
import type { Healing, Holder, JobNews, LeaseOutcome, LeaseView, Standing, Taken } from '../model/lease.ts';
import { type Facts, readFacts } from './facts.ts';

/** Undefined when the answer is not whole. */
export function readTaken(output: string): Taken | undefined {
  const facts = readFacts(output);
  const programs = one(facts, 'missing');
  if (programs !== undefined) return { kind: 'missing', programs: programs.split(' ') };
  const kind = one(facts, 'lease');
  if (kind === 'taken') return { kind };
  return kind === 'busy' || kind === 'open' ? { kind, holder: holderOf(facts) } : undefined;
}

/** Of every call of the holder. Undefined when the answer is not whole. */
export function readStanding(output: string): Standing | undefined {
  const facts = readFacts(output);
  const outcome = one(facts, 'lost');
  if (outcome !== undefined) return { kind: 'lost', outcome: outcomeOf(outcome) };
  return facts.has('lease') || facts.has('complete') ? { kind: 'ours' } : undefined;
}

export function readJob(output: string): JobNews {
  const facts = readFacts(output);
  const state = one(facts, 'job');
  const code = one(facts, 'code');
  return {
    state: state === 'running' || state === 'ended' || state === 'killed' ? state : 'missing',
    code: code === undefined ? undefined : Number(code),
    out: bytes(facts, 'out'),
    err: bytes(facts, 'err'),
    outEnd: Number(one(facts, 'out-end') ?? '0'),
    errEnd: Number(one(facts, 'err-end') ?? '0'),
  };
}

/** Undefined when the answer is not whole. */
export function readHealing(output: string): Healing | undefined {
  const facts = readFacts(output);
  const state = one(facts, 'lease');
  if (state !== 'over' && state !== 'ending' && state !== 'busy' && state !== 'free') return undefined;
  const outcome = one(facts, 'outcome');
  return {
    state,
    token: one(facts, 'token') ?? '',
    holder: holderOf(facts),
    log: bytes(facts, 'undo.log'),
    logEnd: Number(one(facts, 'undo.log-end') ?? '0'),
    outcome: outcome === undefined ? undefined : outcomeOf(outcome),
  };
}

export function readLease(output: string): LeaseView {
  const facts = readFacts(output);
  const state = one(facts, 'lease');
  return {
    state: state === 'busy' || state === 'open' ? state : 'free',
    holder: holderOf(facts),
    failedUndo: one(facts, 'undo-failed'),
  };
}

function holderOf(facts: Facts): Holder {
  const quiet = one(facts, 'quiet');
  return {
    actor: one(facts, 'actor') || 'someone',
    run: one(facts, 'run') || undefined,
    command: one(facts, 'command') || 'deploy',
    release: one(facts, 'release') ?? '',
    since: one(facts, 'since') ?? '',
    stage: one(facts, 'stage') ?? '',
    // Meaningless if the clock was set back meanwhile.
    quietSeconds: quiet === undefined ? undefined : Math.max(0, Number(quiet)),
    ending: facts.has('ending'),
  };
}

const outcomes: Readonly<Record<LeaseOutcome, LeaseOutcome>> = {
  released: 'released',
  confirmed: 'confirmed',
  'rolled-back': 'rolled-back',
  'rollback-failed': 'rollback-failed',
  unfinished: 'unfinished',
};

const outcomeOf = (word: string): LeaseOutcome =>
  Object.values(outcomes).find((outcome) => outcome === word) ?? 'unfinished';

const one = (facts: Facts, name: string): string | undefined => facts.get(name)?.[0];
const bytes = (facts: Facts, name: string): Uint8Array => Buffer.from(one(facts, name) ?? '', 'base64');
