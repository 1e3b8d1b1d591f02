import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { beside, composeFile, forms } from './generate.ts';
import { makeSealer } from './sealing.ts';
import { type Keys, laterValues, serviceKeys } from './services.ts';

const sealer = await makeSealer();
afterAll(() => sealer.remove());

/** `KORRIGO_CORPUS=2000` for a long run. A failed one tells its seed: `KORRIGO_CORPUS_SEED` repeats it. */
const runs = Number(process.env['KORRIGO_CORPUS'] ?? '12');
const seed = Number(process.env['KORRIGO_CORPUS_SEED'] ?? '1');

const models = { models: { llm: { model: 'ai/model', context_size: 1024, runtime_flags: ['--a', 'b c'] } } };

/** The keys and values that this Compose knows. */
async function known(): Promise<{ readonly keys: Keys; readonly more: Readonly<Record<string, unknown>> }> {
  const accepts = async (file: unknown): Promise<boolean> =>
    'project' in (await sealer.plain({ ...beside, 'compose.yml': JSON.stringify(file) }));
  const others = { db: { image: 'db' }, base: { image: 'base' } };
  const more = (await accepts({ services: others, ...models })) ? models : {};
  const rest = { networks: { front: null }, volumes: { data: null }, ...more };
  const keys: Record<string, fc.Arbitrary<unknown>> = { ...serviceKeys };
  for (const [key, values] of laterValues) {
    const [value] = fc.sample(values, { numRuns: 1, seed });
    if (!(await accepts({ services: { web: { image: 'web', [key]: value }, ...others }, ...rest }))) continue;
    const before = keys[key];
    keys[key] = before === undefined ? values : fc.oneof(before, values);
  }
  return { keys, more };
}

describe('a generated compose file', () => {
  it('says the same when it is sealed, whatever keys of the specification it uses', async () => {
    const { keys, more } = await known();
    let accepted = 0;
    const form = fc.constantFrom(...Object.keys(forms));
    const property = fc.asyncProperty(composeFile(keys, more), form, async (file, how) => {
      const files = { ...beside, 'compose.yml': forms[how]?.(file) ?? '' };
      const plain = await sealer.plain(files);
      const sealed = await sealer.sealed(files, 'project' in plain ? plain.whole : undefined);
      if ('refused' in plain) expect(sealed, `plain Compose refused it: ${plain.refused}`).toHaveProperty('refused');
      else {
        accepted++;
        expect('project' in sealed ? sealed.project : sealed.refused).toEqual(plain.project);
      }
    });
    await fc.assert(property, { numRuns: runs, seed, endOnFailure: runs < 100 });
    console.info(`${runs} files, of which Compose takes ${accepted}`);
    // Most have to be such that Compose has something to say of them.
    expect(accepted).toBeGreaterThan(runs / 2);
  }, 86_400_000);

  it('may use every key of the specification that there was when this was written', () => {
    const keys = [...Object.keys(serviceKeys), ...laterValues.map(([key]) => key)];
    expect([...new Set(keys)].toSorted()).toEqual(specified.toSorted());
  });
});

/** The keys of a service in the Compose specification. */
const specified =
  `annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs container_name
cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec depends_on deploy
develop device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint env_file environment expose extends
external_links extra_hosts gpus group_add healthcheck hostname image init ipc isolation label_file labels links logging
mac_address mem_limit mem_reservation mem_swappiness memswap_limit models network_mode networks oom_kill_disable oom_score_adj
pid pids_limit platform ports post_start pre_start pre_stop privileged profiles provider pull_policy pull_refresh_after
read_only restart runtime scale secrets security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs
tty ulimits use_api_socket user userns_mode uts volumes volumes_from working_dir`.split(/\s+/);
