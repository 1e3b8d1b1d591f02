import type { Fault } from '../model/failure.ts';

/** What programs print then: none has an exit code for it. */
const signs: readonly { readonly fault: Fault; readonly text: string }[] = [
  // BuildKit, now and then, when builds share steps.
  { fault: 'builder', text: 'failed to get state for index' },
  { fault: 'builder', text: 'inconsistent graph state' },
];

/** The program's own fault that made it fail, if the end of its output shows one. */
export const faultIn = (output: string): Fault | undefined => signs.find(({ text }) => output.includes(text))?.fault;
