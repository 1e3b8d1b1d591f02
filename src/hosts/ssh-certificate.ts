import type { Client, ParsedKey } from 'ssh2';
import { sshReader, sshString } from '../model/ssh-wire.ts';
import type { Certificate } from '../model/target.ts';

/**
 * A private key that shows its certificate instead of its public key. ssh2 does not support certificates, but it believes what
 * a key says about itself; see also {@link nameSignatures}.
 */
export function certified(key: ParsedKey, { type, blob }: Certificate): ParsedKey {
  const isRsa = key.type === 'ssh-rsa';
  const hash = isRsa ? 'sha512' : undefined;
  const shown = {
    type: isRsa ? `rsa-sha2-512${suffix}` : type,
    getPublicSSH: () => Buffer.from(blob, 'base64'),
    sign: (data: Buffer) => {
      const signature = key.sign(data, hash);
      return signature instanceof Error || !key.type.startsWith('ecdsa-') ? signature : fromDer(signature);
    },
  };
  return Object.assign(Object.create(key), shown);
}

const suffix = '-cert-v01@openssh.com';

/** Two integers in ASN.1, as SSH writes them (RFC 5656, 3.1.2). ssh2 only does this for types it knows. */
function fromDer(signature: Buffer): Buffer {
  const start = (signature[1] ?? 0) & 0x80 ? 3 : 2;
  const lengthOfR = signature[start + 1] ?? 0;
  const r = signature.subarray(start + 2, start + 2 + lengthOfR);
  return Buffer.concat([sshString(r), sshString(signature.subarray(start + 2 + lengthOfR + 2))]);
}

/** ssh2 internals: how it requests authentication, and how it writes a packet. */
type Internals = {
  readonly _protocol?: {
    authPK: (user: string, key: ParsedKey, algorithm: string | undefined, sign?: Sign) => void;
    readonly _packetRW: {
      readonly write: {
        readonly allocStart: number;
        alloc: (size: number) => Buffer;
        finalize: (packet: Buffer) => Buffer;
      };
    };
  };
};
type Sign = (data: Buffer, send: (signature: Buffer) => void) => void;

/**
 * ssh2 names a signature after the type of the key, but a server expects the type of the key inside the certificate.
 * So we rewrite the last packet of a login right before it is sent.
 */
export function nameSignatures(client: Client): void {
  const { _protocol: protocol } = client as Client & Internals;
  if (protocol === undefined) throw new Error('this version of ssh2 cannot log in with a certificate');
  const { authPK } = protocol;
  protocol.authPK = (user, key, algorithm, sign) => {
    if (sign === undefined) return authPK.call(protocol, user, key, algorithm);
    authPK.call(protocol, user, key, algorithm, (data, send) =>
      sign(data, (signature) => {
        const { write } = protocol._packetRW; // another one since the keys were exchanged
        const { finalize } = write;
        write.finalize = (packet) => {
          const request = renamed(packet.subarray(write.allocStart));
          const fresh = write.alloc(request.length);
          fresh.set(request, write.allocStart);
          return finalize.call(write, fresh);
        };
        try {
          send(signature);
        } finally {
          write.finalize = finalize;
        }
      }),
    );
  };
}

/** RFC 4252, 7: a byte, user, service, method, a byte, algorithm, key, signature; padding may follow. */
function renamed(request: Buffer): Buffer {
  const [head, rest] = [sshReader(request.subarray(1)), 1];
  const parts = [head.string(), head.string(), head.string()];
  const flagAt = rest + parts.reduce((sum, part) => sum + 4 + part.length, 0);
  const tail = sshReader(request.subarray(flagAt + 1));
  const [algorithm, key, signature] = [tail.string(), tail.string(), sshReader(tail.string())];
  const name = signature.text();
  const plain = name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
  return Buffer.concat([
    request.subarray(0, flagAt + 1),
    sshString(algorithm),
    sshString(key),
    sshString(Buffer.concat([sshString(plain), sshString(signature.string())])),
  ]);
}
