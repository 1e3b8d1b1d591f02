import { describe, expect, it } from 'vitest';
import { inputNames } from '../../src/config/inputs.ts';
import { unknownInputs } from '../../src/config/unknown.ts';

describe('what a step has under `with:`', () => {
  it.each([
    ['INPUT_HOST', 'host: is not an input of this action and has no effect; did you mean hosts?'],
    ['INPUT_SSH_KEY', 'ssh_key: is not an input of this action and has no effect; did you mean ssh-key?'],
    ['INPUT_KUBECONFIG', 'kubeconfig: is not an input of this action and has no effect'],
  ])('and is no input is named: %s', (name, problem) => {
    expect(unknownInputs({ [name]: 'x', PATH: '/bin', MY_INPUT_X: 'y' })).toEqual([problem]);
  });

  it('is fine when the action has it', () => {
    expect(unknownInputs(Object.fromEntries(inputNames.map((name) => [`INPUT_${name.toUpperCase()}`, ''])))).toEqual(
      [],
    );
  });
});
