/** A small application of two services, in a git repository of its own: `web` is built, `cache` is somebody else's. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Bed } from '../bed/bed.ts';

export type Repository = {
  readonly folder: string;
  /** Writes files (null removes one) and commits them. Returns the commit. */
  commit(files: Readonly<Record<string, string | null>>): string;
  write(files: Readonly<Record<string, string | null>>): void;
  remove(): void;
};

export function newRepository(name = 'shop'): Repository {
  const parent = mkdtempSync(join(tmpdir(), 'korrigo-test-'));
  const folder = join(parent, name);
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', ...args], {
      cwd: folder,
      encoding: 'utf8',
    }).trim();
  mkdirSync(folder);
  git('init', '--quiet', '--initial-branch', 'main');
  const write = (files: Readonly<Record<string, string | null>>): void => {
    for (const [path, content] of Object.entries(files)) {
      if (content === null) rmSync(join(folder, path), { recursive: true, force: true });
      else {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), content);
      }
    }
  };
  return {
    folder,
    write,
    commit: (files) => {
      write(files);
      git('add', '--all');
      git('commit', '--quiet', '--allow-empty', '--message', 'A change');
      return git('rev-parse', 'HEAD');
    },
    remove: () => rmSync(parent, { recursive: true, force: true }),
  };
}

export const webDockerfile = `ARG BASE
FROM \${BASE}
COPY www /www
EXPOSE 80
CMD ["httpd", "-f", "-p", "80", "-h", "/www"]
`;

export const webHealth = `    healthcheck:
      test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"]
      interval: 1s
      timeout: 2s
      retries: 3
    stop_grace_period: 1s
`;

/** Without a healthcheck, a container is trusted only after 5 s. */
export const quickHealth = `    healthcheck:
      test: ["CMD", "true"]
      interval: 1s
`;

/** YAML to be added to the shop's compose file, indented as it must be there. */
export type More = { readonly web?: string; readonly services?: string; readonly top?: string };

/** @returns the files of the shop; `page` is what its front page says. */
export function shopFiles(bed: Pick<Bed, 'image' | 'engine'>, page = 'one', more: More = {}): Record<string, string> {
  return {
    Dockerfile: webDockerfile,
    'www/index.html': `${page}\n`,
    'site.conf': 'colour = blue\n',
    'compose.yml': `name: shop
services:
  web:
    build:
      context: .
      args:
        BASE: ${bed.engine.images.busybox}
    environment:
      COLOUR: \${COLOUR:-blue}
    ports:
      - "\${WEB_PORT:-8080}:80"
    volumes:
      - ./site.conf:/site.conf:ro
      - data:/data
${webHealth}${more.web ?? ''}  cache:
    image: ${bed.image('busybox')}
    command: ["sleep", "infinity"]
    init: true
    stop_grace_period: 1s
${quickHealth}${more.services ?? ''}volumes:
  data: {}
${more.top ?? ''}`,
  };
}
