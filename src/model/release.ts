/** What a build ends in and a deploy starts from. It travels between jobs as JSON and holds no secret. */
export type Release = {
  /** `<UTC yyyymmdd-hhmmss>-<commit 12>` */
  readonly id: string;
  /** The full commit, 40 (or 64) hexadecimal digits. */
  readonly commit: string;
  /** When it was committed, ISO 8601: distinguishes an older commit from a newer one. */
  readonly committedAt: string;
  readonly project: string;
  /** Service → `name@sha256:…`, for every service, those of other people included. */
  readonly images: Readonly<Record<string, string>>;
  /** The services that were built from this commit. */
  readonly built: readonly string[];
  /** Only known on a server. */
  readonly source?: Source;
};

/** Where an application comes from: distinguishes two applications with the same name. */
export type Source = {
  /** `github.com/acme/shop`; undefined where only a folder is known. */
  readonly repository?: string;
  /** The compose files that were named, from the top of the repository. */
  readonly files: readonly string[];
};

export function releaseId(time: Date, commit: string): string {
  const digits = time.toISOString().replace(/[-:]/g, '');
  return `${digits.slice(0, 8)}-${digits.slice(9, 15)}-${commit.slice(0, 12)}`;
}

/** Reads a release's JSON; the problem says what is wrong with it. */
export function parseRelease(text: string): { readonly release: Release } | { readonly problem: string } {
  const value = parseJson(text);
  if (!isRecord(value)) return { problem: 'is not JSON; pass on the `release` output of a `push` unchanged' };
  const { id, commit, committedAt, project, images, built } = value;
  const source = readSource(value['source']);
  if (typeof commit !== 'string' || !/^[0-9a-f]{40,64}$/.test(commit)) return { problem: 'has no commit' };
  if (typeof committedAt !== 'string' || Number.isNaN(Date.parse(committedAt)))
    return { problem: 'has no commit date' };
  if (typeof id !== 'string' || !/^\d{8}-\d{6}-[0-9a-f]{12}$/.test(id)) return { problem: 'has no valid id' };
  if (typeof project !== 'string' || !/^[a-z0-9][a-z0-9_-]*$/.test(project)) return { problem: 'has no project' };
  if (!isRecord(images) || !Object.values(images).every(isPinned)) {
    return { problem: 'has an image that is not of the form name@sha256:<64 digits>' };
  }
  if (!Array.isArray(built) || !built.every((name) => typeof name === 'string' && Object.hasOwn(images, name))) {
    return { problem: 'does not say which services were built' };
  }
  return {
    release: {
      id,
      commit,
      committedAt,
      project,
      images: Object.fromEntries(Object.entries(images).map(asText)),
      built,
      ...(source === undefined ? {} : { source }),
    },
  };
}

/** Releases of earlier versions have none. */
function readSource(value: unknown): Source | undefined {
  if (!isRecord(value)) return undefined;
  const { repository, files } = value;
  const texts = Array.isArray(files) ? files.filter((file) => typeof file === 'string') : [];
  return { ...(typeof repository === 'string' ? { repository } : {}), files: texts };
}

const asText = ([service, image]: [string, unknown]): [string, string] => [service, String(image)];

function isPinned(image: unknown): boolean {
  return typeof image === 'string' && /^[\w.:/[\]-]+@sha256:[0-9a-f]{64}$/.test(image);
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
