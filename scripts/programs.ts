/** Generates src/server/programs.ts from the programs that run on servers, so that they are real files for shellcheck. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const folder = new URL('../src/server/', import.meta.url);

export function programsSource(): string {
  const files = readdirSync(folder).filter((name) => /\.(sh|awk)$/.test(name));
  const rows = files
    .sort()
    .map((name) => `  '${name}': ${JSON.stringify(withoutComments(readFileSync(new URL(name, folder), 'utf8')))},`);
  return `// Generated from the files beside this one by \`npm run build\`. Do not edit.\n/* biome-ignore-all format: generated */\nexport const programs = {\n${rows.join('\n')}\n} as const;\n`;
}

/** Lines that are comments stay here: they would travel to the server with every call. */
const withoutComments = (text: string): string => text.replaceAll(/^[ \t]*#.*\n/gm, '');

export function writePrograms(): void {
  writeFileSync(new URL('programs.ts', folder), programsSource());
}
