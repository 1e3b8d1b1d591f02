/** Pages as pictures, by a Chromium of this machine. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output } from '../../bed/process.ts';

/** Debian: `apt-get install chromium fonts-noto-color-emoji fonts-noto-core`. */
const browser = process.env['KORRIGO_CHROMIUM'] ?? 'chromium';

/**
 * A page from top to bottom as a PNG, with two pixels for each of its own.
 * @param html sets `data-height` of its body as soon as it is as it should be, and its title to what is wrong with it
 */
export async function photographed(html: string, width: number): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'korrigo-pictures-'));
  try {
    const [page, picture] = [join(folder, 'page.html'), join(folder, 'page.png')];
    writeFileSync(page, html);
    const chromium = async (...args: readonly string[]): Promise<string> =>
      await output([
        browser,
        ...['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--virtual-time-budget=10000'],
        ...[`--user-data-dir=${join(folder, 'profile')}`, '--force-device-scale-factor=2', ...args, `file://${page}`],
      ]);
    const drawn = await chromium(`--window-size=${width},1000`, '--dump-dom');
    const [, problem] = /<title>(.*?)<\/title>/s.exec(drawn) ?? [];
    const [, height] = /<body[^>]* data-height="(\d+)"/.exec(drawn) ?? [];
    if (problem !== undefined || height === undefined) throw new Error(`the page was not drawn: ${problem}`);
    await chromium(`--window-size=${width},${height}`, `--screenshot=${picture}`);
    return readFileSync(picture);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
