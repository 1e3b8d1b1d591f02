/** The images of the reference infrastructure: how large they are, and what is in them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, type ImageName, upBed } from '../../bed/bed.ts';
import { newStack, type Stack } from './infra/stack.ts';

const MB = 1_000_000; // as `docker images` counts

/**
 * The official base images, measured once, rounded up. The bed's stand-ins are larger, so what is measured here is what
 * our layers add.
 */
const official = { 'python:3.13-slim': 125 * MB, 'nginx:1.30-alpine': 65 * MB };

let bed: Bed;
let stack: Stack;
let withOcr: Stack;
beforeAll(async () => {
  bed = await upBed();
  stack = await newStack(bed, 'local-prod');
  withOcr = await newStack(bed, 'local-prod', { env: { OCR: '1' } });
  await stack.compose('build', 'backend', 'nginx');
  await withOcr.compose('build', 'backend');
});
afterAll(async () => {
  await stack?.down();
  await withOcr?.down();
  await bed?.down();
});

const image = ({ project }: Stack, name: 'backend' | 'nginx') => `${project}/korrigo-${name}`;
const size = async (name: string) => Number(await bed.engine.docker('image', 'inspect', '--format', '{{.Size}}', name));
const added = async (name: string, base: ImageName) => (await size(name)) - (await size(bed.engine.images[base]));
const inside = async (name: string, script: string) =>
  (await bed.engine.tryDocker(['run', '--rm', '--network', 'none', '--entrypoint', 'sh', name, '-c', script])).stdout;

describe('the image', () => {
  it('of the backend is smaller than 200 MB', async () => {
    expect((await added(image(stack, 'backend'), 'python')) + official['python:3.13-slim']).toBeLessThan(200 * MB);
    expect(await inside(image(stack, 'backend'), 'command -v tesseract gcc')).toBe('');
  });

  it('of the backend with OCR is smaller than 500 MB, and reads French', async () => {
    expect((await added(image(withOcr, 'backend'), 'python')) + official['python:3.13-slim']).toBeLessThan(500 * MB);
    const settings = 'SECRET_KEY=x python -c "from config import settings; print(settings.TESSERACT_PATH)"';
    const languages = await inside(image(withOcr, 'backend'), `$(${settings}) --list-langs`);
    expect(languages.split('\n')).toContain('fra');
  });

  it('of nginx is smaller than 100 MB', async () => {
    expect((await added(image(stack, 'nginx'), 'nginx')) + official['nginx:1.30-alpine']).toBeLessThan(100 * MB);
  });

  it.each(['backend', 'nginx'] as const)('of %s is run by a user with a number that is not 0', async (name) => {
    const user = await bed.engine.docker('image', 'inspect', '--format', '{{.Config.User}}', image(stack, name));
    expect(Number(user)).toBeGreaterThan(0);
  });
});
