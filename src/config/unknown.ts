import type { Environment } from '../model/surroundings.ts';
import { inputNames } from './inputs.ts';
import { didYouMean } from './nearest.ts';

/**
 * What a step has under `with:` that is no input of the action: GitHub passes it on as INPUT_<NAME>, as if it were one.
 * @returns a sentence for each
 */
export function unknownInputs(env: Environment): readonly string[] {
  return Object.keys(env)
    .flatMap((name) => (name.startsWith('INPUT_') ? [name.slice('INPUT_'.length).toLowerCase()] : []))
    .filter((name) => !inputNames.some((known) => known === name))
    .map((name) => `${name}: is not an input of this action and has no effect${didYouMean(name, inputNames)}`);
}
