/** What a container may do beyond what the reference infrastructure gives to all of them. */

type Inspected = {
  readonly Config: { readonly User: string; readonly Labels: Readonly<Record<string, string>> };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly CapDrop: readonly string[] | null;
    readonly CapAdd: readonly string[] | null;
    readonly SecurityOpt: readonly string[] | null;
    readonly Memory: number;
    readonly NanoCpus: number;
    readonly PidsLimit: number | null;
    readonly LogConfig: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
  };
};

/**
 * One line for each rule that a container does not keep, sorted; for most of them there is none.
 *
 * @param inspected what `docker inspect` prints of the containers
 */
export function exceptionsOf(inspected: string): readonly string[] {
  return (JSON.parse(inspected) as readonly Inspected[])
    .flatMap(({ Config, HostConfig: host }) => {
      const broken: readonly (readonly [boolean, string])[] = [
        [/^(|0|root)(:.*)?$/.test(Config.User), 'runs as root'],
        [!host.ReadonlyRootfs, 'may write to its image'],
        [!host.CapDrop?.includes('ALL'), 'keeps capabilities'],
        [(host.CapAdd ?? []).length > 0, `may ${host.CapAdd?.map((name) => name.replace('CAP_', '')).join(', ')}`],
        [!host.SecurityOpt?.includes('no-new-privileges:true'), 'may gain privileges'],
        [!(host.Memory > 0), 'has no limit of memory'],
        [!(host.NanoCpus > 0), 'has no limit of CPUs'],
        [!((host.PidsLimit ?? 0) > 0), 'has no limit of processes'],
        [host.LogConfig.Type !== 'json-file' || host.LogConfig.Config['max-size'] !== '10m', 'logs without end'],
      ];
      const service = Config.Labels['com.docker.compose.service'] ?? '';
      return broken.filter(([isSo]) => isSo).map(([, what]) => `${service} ${what}`);
    })
    .sort();
}
