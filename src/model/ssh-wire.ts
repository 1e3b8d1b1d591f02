/** Reads what SSH writes (RFC 4251, 5): numbers, and strings with their length before them. Throws a RangeError at the end. */
export function sshReader(bytes: Uint8Array) {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const skip = (length: number): number => {
    if (at + length > buffer.length) throw new RangeError('is truncated');
    at += length;
    return at - length;
  };
  const string = (): Buffer => {
    const length = buffer.readUInt32BE(skip(4));
    return buffer.subarray(skip(length), at);
  };
  return {
    string,
    text: (): string => string().toString('utf8'),
    uint32: (): number => buffer.readUInt32BE(skip(4)),
    uint64: (): bigint => buffer.readBigUInt64BE(skip(8)),
    isAtEnd: (): boolean => at === buffer.length,
  };
}

/** A string as SSH writes it. */
export function sshString(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
