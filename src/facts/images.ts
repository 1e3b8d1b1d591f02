import { isRecord, parseJson } from '../model/release.ts';
import { readFacts, rowsOf } from './facts.ts';

/** What the `pin` program printed: image → `name@sha256:…`, and the images that no registry will ever give, with why. */
export function readPins(output: string): {
  readonly pins: ReadonlyMap<string, string>;
  readonly refused: readonly (readonly [image: string, why: string])[];
} {
  const facts = readFacts(output);
  const pairs = (name: string) => rowsOf(facts, name).map(([image = '', value = '']) => [image, value] as const);
  return { pins: new Map(pairs('pinned')), refused: pairs('refused') };
}

/** What the `upload` program printed: target → `name@sha256:…` */
export function readUploaded(output: string): ReadonlyMap<string, string> {
  const rows = rowsOf(readFacts(output), 'uploaded');
  return new Map(
    rows.flatMap(([target = '', image = '']): [string, string][] => (/@sha256:./.test(image) ? [[target, image]] : [])),
  );
}

export type WrongArchitecture = { readonly image: string; readonly builtFor: string; readonly machine: string };

/** What the `pull` program printed of images that this host cannot run. */
export function readWrongArchitectures(output: string): readonly WrongArchitecture[] {
  return rowsOf(readFacts(output), 'wrong-architecture').map(([image = '', builtFor = '', machine = '']) => ({
    image,
    builtFor,
    machine,
  }));
}

/** The image that bake pushed for a target, by digest, from its metadata file; undefined if it is not there. */
export function readPushedImage(metadata: string, name: string): string | undefined {
  const parsed = parseJson(metadata);
  const target = isRecord(parsed) ? parsed[name] : undefined;
  const image = isRecord(target) ? target['image.name'] : undefined;
  const digest = isRecord(target) ? target['containerimage.digest'] : undefined;
  if (typeof image !== 'string' || typeof digest !== 'string') return undefined;
  return `${(image.split(',')[0] ?? '').replace(/:[^/:]*$/, '')}@${digest}`;
}
