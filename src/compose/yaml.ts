import { type CollectionTag, parseAllDocuments, Scalar, type ScalarTag } from 'yaml';

export type Yaml = { readonly documents: readonly unknown[] } | { readonly problem: string };

/** What Compose does not read: it removes what another file sets. */
const reset: readonly (CollectionTag | ScalarTag)[] = [
  { tag: '!reset', resolve: () => null },
  { tag: '!reset', collection: 'map', resolve: () => new Scalar(null) },
  { tag: '!reset', collection: 'seq', resolve: () => new Scalar(null) },
];

/**
 * Plain data of every document of a file: Compose merges them. Its tag `!override` is left out, and what has `!reset` is null. Aliases may be
 * many, and then the same object stands in many places; one may even contain itself.
 */
export function readYaml(text: string): Yaml {
  const documents = parseAllDocuments(text, {
    logLevel: 'silent',
    merge: true,
    strict: false,
    uniqueKeys: false,
    customTags: (tags) => [...tags, ...reset],
  });
  if (!Array.isArray(documents)) return { documents: [] };
  const [error] = documents.flatMap(({ errors }) => errors);
  // The rest of the message shows the line, which may hold a secret value.
  if (error !== undefined) return { problem: (error.message.split('\n')[0] ?? '').replace(/:$/, '') };
  try {
    return { documents: documents.map((document) => document.toJS({ maxAliasCount: -1 }) as unknown) };
  } catch (thrown) {
    return { problem: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
