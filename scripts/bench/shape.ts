/**
 * A link that is slow and long: a TCP proxy that lets through so much a second in each direction, and each byte after a while.
 * (This needs no right and no module of the kernel, and leaves the machine's own network as it is.)
 */
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type Shape = { readonly bitsPerSecond: number; readonly roundTripMilliseconds: number };

export type Link = {
  /** On all addresses of this machine. */
  readonly port: number;
  readonly close: () => void;
};

/** All links of one cable share what it carries. */
export function cable({ bitsPerSecond, roundTripMilliseconds }: Shape) {
  const directions = { to: 0, from: 0 };
  /** When these bytes come out at the other end, in milliseconds of performance.now(). */
  const arrival = (way: keyof typeof directions, bytes: number): number => {
    const begin = Math.max(performance.now(), directions[way]);
    directions[way] = begin + (bytes * 8000) / bitsPerSecond;
    return directions[way] + roundTripMilliseconds / 2;
  };
  const carry = async (source: Socket, sink: Socket, way: keyof typeof directions): Promise<void> => {
    const queue: { readonly bytes: Buffer; readonly at: number }[] = [];
    let [ended, waiting] = [false, () => {}];
    let underWay = 0;
    source.on('data', (bytes: Buffer) => {
      queue.push({ bytes, at: arrival(way, bytes.length) });
      underWay += bytes.length;
      if (underWay > window) source.pause();
      waiting();
    });
    source.on('end', () => {
      ended = true;
      waiting();
    });
    for (;;) {
      const next = queue.shift();
      if (next === undefined) {
        if (ended) break;
        await new Promise<void>((resolve) => {
          waiting = resolve;
        });
        continue;
      }
      const pause = next.at - performance.now();
      if (pause > 1) await sleep(pause);
      if (sink.destroyed) return;
      sink.write(next.bytes);
      underWay -= next.bytes.length;
      if (source.isPaused() && underWay < window / 2) source.resume();
    }
    sink.end();
  };
  return {
    link: async (host: string, port: number): Promise<Link> => {
      const sockets = new Set<Socket>();
      const server = createServer({ allowHalfOpen: true }, (near) => {
        const far = connect({ host, port, allowHalfOpen: true });
        for (const socket of [near, far]) {
          sockets.add(socket.setNoDelay(true));
          socket.on('error', () => {}).on('close', () => [near, far].map((each) => each.destroy()));
        }
        void carry(near, far, 'to');
        void carry(far, near, 'from');
      });
      await new Promise<void>((resolve) => server.listen(0, resolve));
      const address = server.address();
      return {
        port: typeof address === 'object' && address !== null ? address.port : 0,
        close: () => {
          server.close();
          for (const socket of sockets) socket.destroy();
        },
      };
    },
  };
}

/** What may be under way in one connection: more than the cable holds, so that one alone can fill it. */
const window = 2_000_000;
