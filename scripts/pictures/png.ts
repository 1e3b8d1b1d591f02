/** PNG files that know what they were drawn from. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The signature and the header, which comes first. */
const start = 8 + 25;

/** The picture with the hash of its source in a text of its own. */
export function stamped(png: Buffer, source: string): Buffer {
  const data = Buffer.from(`tEXtSource\0${hashOf(source)}`, 'latin1');
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length - 4);
  sum.writeUInt32BE(crc32(data));
  return Buffer.concat([png.subarray(0, start), length, data, sum, png.subarray(start)]);
}

export const isDrawnFrom = (png: Buffer, source: string): boolean =>
  png.subarray(start, start + 200).includes(`tEXtSource\0${hashOf(source)}`, 0, 'latin1');

const hashOf = (source: string): string => createHash('sha256').update(source).digest('hex');
