import { parseAllDocuments } from 'yaml';

export type Yaml = { readonly documents: readonly unknown[] } | { readonly problem: string };

/**
 * Plain data of every document of a file: Compose merges them. Tags of Compose, such as `!reset`, are left out. Aliases may be
 * many, and then the same object stands in many places; one may even contain itself.
 */
export function readYaml(text: string): Yaml {
  const documents = parseAllDocuments(text, { logLevel: 'silent', merge: true, strict: false, uniqueKeys: false });
  if (!Array.isArray(documents)) return { documents: [] };
  const [error] = documents.flatMap(({ errors }) => errors);
  // The rest of the message shows the line, which may hold a value that is nobody's business.
  if (error !== undefined) return { problem: (error.message.split('\n')[0] ?? '').replace(/:$/, '') };
  try {
    return { documents: documents.map((document) => document.toJS({ maxAliasCount: -1 }) as unknown) };
  } catch (thrown) {
    return { problem: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
