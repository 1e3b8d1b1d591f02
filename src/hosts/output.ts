import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** The last 10 MiB of each stream are kept: the reason for a failure is at the end of the output. */
const keptBytes = 10 * 1024 * 1024;
/** A longer line is cut here, with `…`. */
const longestLine = 64 * 1024;

export type Output = {
  readonly push: (chunk: Buffer) => void;
  /** Passes on the last line if it has no line end, and returns the kept text. */
  readonly end: () => string;
};

/** Collects one output stream and passes on its lines as they arrive. */
export function collect(onLine: (line: string) => void): Output {
  const kept = tail();
  const lines = splitter(onLine);
  return {
    push: (chunk) => {
      kept.push(chunk);
      lines.push(chunk);
    },
    end: () => {
      lines.end();
      return kept.text();
    },
  };
}

/** Listens to a stream, and stops other listeners: @actions/exec and node-ssh keep everything they read as text. */
export function listenAlone(stream: Readable | null, push: Output['push']): void {
  stream?.on('data', push);
  queueMicrotask(() => {
    for (const other of stream?.listeners('data') ?? [])
      if (other !== push) stream?.off('data', other as (chunk: Buffer) => void);
  });
}

function tail() {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    push: (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      while (size - (chunks[0]?.length ?? 0) >= keptBytes) size -= chunks.shift()?.length ?? 0;
    },
    text: () => {
      const bytes = Buffer.concat(chunks);
      if (bytes.length <= keptBytes) return bytes.toString('utf8');
      let start = bytes.length - keptBytes;
      while (((bytes[start] ?? 0) & 0xc0) === 0x80) start++; // not into the middle of a character
      return bytes.toString('utf8', start);
    },
  };
}

function splitter(onLine: (line: string) => void) {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const tell = (line: string) =>
    onLine(line.length > longestLine ? `${line.slice(0, longestLine)}…` : line.replace(/\r$/, ''));
  const take = (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()?.slice(0, longestLine + 1) ?? '';
    lines.forEach(tell);
  };
  return {
    push: (chunk: Buffer) => take(decoder.write(chunk)),
    end: () => {
      take(decoder.end());
      if (rest !== '') tell(rest);
    },
  };
}
