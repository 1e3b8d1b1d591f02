/** Where the facts of a program begin: what the user's shell printed before is none of them. */
export const factsMarker = 'korrigo-facts 1';

/** One fact of a program of `server/`. */
export type Row = { readonly name: string; readonly values: readonly string[] };

/** The rows behind the last marker line: a name and values on each line, with tabs between them. */
export function readRows(output: string): readonly Row[] {
  const lines = output.split('\n');
  const marker = lines.lastIndexOf(factsMarker);
  if (marker < 0) return [];
  return lines.slice(marker + 1).flatMap((line) => {
    const [name = '', ...values] = line.split('\t');
    return name === '' || values.length === 0 ? [] : [{ name, values }];
  });
}

/** What `inspect` printed. */
export type InspectRows = {
  /** Of the server, in seconds since 1970; undefined when it gave no answer. */
  readonly now: number | undefined;
  /** JSON, one text a container. */
  readonly containers: readonly string[];
};

export function readInspect(output: string): InspectRows {
  const facts = factsOf(output);
  const [now] = facts.firsts('time');
  return { now: now === undefined ? undefined : Number(now), containers: facts.firsts('container') };
}

/** What `observe` printed, and the part of `status` that is the same. */
export type ObserveRows = {
  readonly user: string | undefined;
  readonly machine: string | undefined;
  readonly docker: string | undefined;
  /** Why no engine answers. */
  readonly dockerError: string | undefined;
  /** The version of Compose; undefined when there is none, or when there is no docker at all. */
  readonly compose: string | undefined;
  readonly composeMissing: boolean;
  readonly missingPrograms: readonly string[];
  /** The folder that the user may not write to. */
  readonly notWritable: string | undefined;
  readonly space: readonly { readonly path: string; readonly freeKib: number }[];
  readonly current: string | undefined;
  readonly releases: readonly string[];
  /** Hashes of shipped files. */
  readonly files: readonly string[];
  /** JSON, one text an attempt, the oldest first. */
  readonly attempts: readonly string[];
  /** JSON, one text a container. */
  readonly containers: readonly string[];
};

export function readObserve(output: string): ObserveRows {
  const { firsts } = factsOf(output);
  return {
    user: firsts('user')[0],
    machine: firsts('machine')[0],
    docker: firsts('docker')[0],
    dockerError: firsts('docker-error')[0],
    compose: firsts('compose')[0],
    composeMissing: firsts('compose-missing').length > 0,
    missingPrograms: firsts('missing-programs').flatMap((names) => names.trim().split(' ')),
    notWritable: firsts('not-writable')[0],
    space: [...firsts('disk-images'), ...firsts('disk-root')].flatMap((fact) => {
      const [free = '', ...path] = fact.split(' ');
      return free === '' ? [] : [{ path: path.join(' '), freeKib: Number(free) }];
    }),
    current: firsts('current')[0],
    releases: firsts('release'),
    files: firsts('file'),
    attempts: firsts('attempt'),
    containers: firsts('container'),
  };
}

/** What `resolve`, `reopen` and `status` print of a release. */
export type ReleaseRows = {
  /** Variables without a value. */
  readonly undefinedNames: readonly string[];
  /** Env files with a `$` in a value; an empty text for one that is not in the repository. */
  readonly dollars: readonly string[];
  readonly missing: readonly { readonly name: string; readonly how: string }[];
  /** Folders that were made under `shared/`. */
  readonly created: readonly string[];
  /** Services without a digest; an empty image for one that is to be built. */
  readonly unpinned: readonly { readonly service: string; readonly image: string }[];
  readonly hashes: Readonly<Record<string, string>>;
  readonly replicas: Readonly<Record<string, number>>;
  readonly shares: Readonly<Record<string, readonly string[]>>;
  readonly changes: Readonly<Record<string, readonly string[]>>;
  /** release.json in one line. */
  readonly json: string;
  readonly missingImages: readonly string[];
};

export function readRelease(output: string): ReleaseRows {
  const { firsts, pairs } = factsOf(output);
  return {
    undefinedNames: [...new Set(firsts('undefined'))],
    dollars: firsts('dollar'),
    missing: pairs('missing').map(([name, how]) => ({ name, how })),
    created: firsts('created'),
    unpinned: pairs('unpinned').map(([service, image]) => ({ service, image })),
    hashes: Object.fromEntries(pairs('hash')),
    replicas: Object.fromEntries(pairs('replicas').map(([service, count]) => [service, Number(count || '1')])),
    shares: grouped(pairs('shares')),
    changes: grouped(pairs('changed')),
    json: firsts('json')[0] ?? '',
    missingImages: firsts('missing-image'),
  };
}

/** What `pin` printed. */
export type PinRows = {
  /** Image → `name@sha256:…` */
  readonly pinned: ReadonlyMap<string, string>;
  /** Images that no registry will ever give, and why. */
  readonly refused: readonly (readonly [image: string, why: string])[];
};

export function readPins(output: string): PinRows {
  const { pairs } = factsOf(output);
  return { pinned: new Map(pairs('pinned')), refused: pairs('refused') };
}

/** What `pull` printed: images that cannot run on the server. */
export type PullRow = { readonly image: string; readonly builtFor: string; readonly machine: string };

export function readPull(output: string): readonly PullRow[] {
  return readRows(output)
    .filter(({ name }) => name === 'wrong-architecture')
    .map(({ values: [image = '', builtFor = '', machine = ''] }) => ({ image, builtFor, machine }));
}

function factsOf(output: string) {
  const rows = readRows(output);
  const of = (wanted: string) => rows.flatMap(({ name, values }) => (name === wanted ? [values] : []));
  return {
    firsts: (name: string): readonly string[] => of(name).map(([value = '']) => value),
    pairs: (name: string): readonly (readonly [string, string])[] =>
      of(name).map(([first = '', second = '']) => [first, second] as const),
  };
}

function grouped(rows: readonly (readonly [string, string])[]): Readonly<Record<string, readonly string[]>> {
  const groups = new Map<string, readonly string[]>();
  for (const [key, value] of rows) groups.set(key, [...(groups.get(key) ?? []), value]);
  return Object.fromEntries(groups);
}
