import { join } from 'node:path/posix';
import { bakeDefinition } from '../compose/definition.ts';
import { readPushedImage, readUploaded } from '../facts/images.ts';
import { uploadPlan } from '../plan/early.ts';
import { buildFacts, definitionFacts, driverOf, targetsOf } from './build.ts';
import type { Checkout } from './checkout.ts';
import type { Sent } from './push.ts';
import { attempt, type Session, throwCancelled } from './session.ts';

/**
 * Sends the built images to the registry while the tests are still running, so that the push afterwards only has to write
 * the tags. A failure stops nothing: the push tries again.
 */
export async function sendAhead(session: Session, checkout: Checkout): Promise<Sent> {
  const { config, ports } = session;
  const targets = targetsOf(session, checkout);
  if (targets.length === 0) return { images: new Map(), here: false };
  const facts = await buildFacts(session, checkout);
  const byDigest = (await driverOf(session)) !== 'docker';
  const definition = bakeDefinition(targets, { ...definitionFacts(session, checkout), byDigest });
  const [newest = ''] = definitionFacts(session, checkout).tags;
  const { output, failures } = await attempt(
    session,
    uploadPlan({
      ...facts,
      file: join(ports.scratch, 'ahead.yml'),
      metadata: join(ports.scratch, 'ahead.json'),
      definition: byDigest ? definition : undefined,
      tag: `build-${checkout.commit.slice(0, 12)}`,
      images: Object.fromEntries(targets.map(({ name, repository }) => [name, `${repository}:${newest}`])),
    }),
  );
  throwCancelled(failures);
  for (const { message } of failures) ports.log.info(`will be retried after the tests: ${message}`);
  if (!byDigest) return { images: readUploaded(output('local', 'upload')), here: !config.attest };
  const images = targets.flatMap(({ name }): [string, string][] => {
    const image = readPushedImage(output('local', 'metadata'), name);
    return image === undefined ? [] : [[name, image]];
  });
  return { images: new Map(images), here: false };
}
