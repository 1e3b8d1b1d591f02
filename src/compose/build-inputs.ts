import { relative, resolve } from 'node:path/posix';
import { isRecord } from '../model/release.ts';
import { readYaml } from './yaml.ts';

type Json = Readonly<Record<string, unknown>>;

/** What a build reads from the repository. */
export type BuildInputs = {
  /** From the top of the repository. */
  readonly paths: readonly string[];
  /** What git cannot compare: a context at a URL or outside the repository. */
  readonly elsewhere: readonly string[];
};

/** @param build a `build:` section resolved by Compose: with absolute paths */
export function buildInputs(build: Json, top: string): BuildInputs {
  const { context, dockerfile, additional_contexts: additional } = build;
  const folder = textOf(context);
  // Compose writes `service:web` for the image of another service, whose own build covers it.
  const contexts = isRecord(additional) ? Object.values(additional).map(textOf) : [];
  const others = contexts.filter((path) => !/^(service|target):/.test(path));
  const file = folder.startsWith('/') && typeof dockerfile === 'string' ? [resolve(folder, dockerfile)] : [];
  const all = [folder, ...file, ...others].map((path) => (path.startsWith('/') ? relative(top, path) || '.' : path));
  const isLocal = (path: string): boolean => !path.startsWith('..') && !/^[a-z][a-z+.-]*:|^git@/i.test(path);
  return { paths: [...new Set(all.filter(isLocal))], elsewhere: all.filter((path) => !isLocal(path)) };
}

/** What a build reads on this machine: each input, and the paths of which one must exist. */
export type Needed = { readonly what: string; readonly paths: readonly string[] };

/** @param build resolved by Compose */
export function neededOf({
  context,
  dockerfile,
  dockerfile_inline: inline,
  additional_contexts: additional,
}: Json): readonly Needed[] {
  const folder = textOf(context);
  const others = Object.entries(isRecord(additional) ? additional : {}).map(
    ([name, from]) => [`context ${name}`, textOf(from)] as const,
  );
  const contexts = [['context', folder] as const, ...others].flatMap(([what, path]) =>
    path.startsWith('/') ? [{ what, paths: [path] }] : [],
  );
  if (!folder.startsWith('/') || inline !== undefined) return contexts;
  const file = resolve(folder, textOf(dockerfile) || 'Dockerfile');
  // BuildKit accepts either.
  const small = file.replace(/Dockerfile$/, 'dockerfile');
  return [...contexts, { what: 'Dockerfile', paths: small === file ? [file] : [file, small] }];
}

/** Its Dockerfile, from the top of the repository; undefined if it is not in there. */
export function dockerfileOf(
  { context, dockerfile, dockerfile_inline: inline }: Json,
  top: string,
): string | undefined {
  const folder = textOf(context);
  if (!folder.startsWith('/') || inline !== undefined) return undefined;
  const path = relative(top, resolve(folder, textOf(dockerfile) || 'Dockerfile'));
  return path.startsWith('..') ? undefined : path;
}

/** The `build:` sections of a compose file as they are written, as texts that can be compared. */
export function writtenBuilds(text: string): Readonly<Record<string, string>> {
  const yaml = readYaml(text);
  const services = ('documents' in yaml ? yaml.documents : []).flatMap((document) =>
    isRecord(document) && isRecord(document['services']) ? Object.entries(document['services']) : [],
  );
  return Object.fromEntries(
    services.flatMap(([name, body]) =>
      isRecord(body) && body['build'] !== undefined ? [[name, textOfBuild(body['build'])]] : [],
    ),
  );
}

/** Aliases may form a cycle, which JSON cannot represent. */
function textOfBuild(build: unknown): string {
  try {
    return JSON.stringify(build);
  } catch {
    return '';
  }
}

/** Compose doubles every `$` that it prints. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value.replaceAll('$$', '$') : '');
