import * as core from '@actions/core';
import { local } from './hosts/local.ts';
import { isRecord, parseJson } from './model/release.ts';

/** After a cancel the main program may have been killed: what it began on this machine is removed here. */
async function main(): Promise<void> {
  const env = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const host = local({ env });
  const cleanUps = parseJson(core.getState('cleanUps'));
  for (const cleanUp of Array.isArray(cleanUps) ? cleanUps.toReversed() : []) {
    const argv: unknown = isRecord(cleanUp) ? cleanUp['argv'] : undefined;
    if (!Array.isArray(argv)) continue;
    core.info(`clean up after a cancel: ${argv.join(' ')}`);
    const { code, stderr } = await host.run({ argv: argv.map(String) });
    if (code !== 0) core.warning(`this clean-up failed: ${stderr.trim()}`);
  }
}

main().catch((error: unknown) =>
  core.setFailed(error instanceof Error ? (error.stack ?? error.message) : String(error)),
);
