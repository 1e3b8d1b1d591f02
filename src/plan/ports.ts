import type { Claims, Published } from '../model/claims.ts';

/** Ports that the release itself publishes more than once: Docker only finds out when the second container starts. */
export function ownPorts({ published }: Claims, replicas: Readonly<Record<string, number>>): readonly string[] {
  const isWanted = ({ service }: Published): boolean => replicas[service] !== 0;
  const wanted = published.filter(isWanted);
  const twice = wanted.flatMap((one, n) => {
    const other = wanted.slice(n + 1).find((later) => later.service !== one.service && isSamePort(one, later));
    return other === undefined
      ? []
      : [`port ${one.port} is published by both ${one.service} and ${other.service}: change one of them`];
  });
  const many = wanted.flatMap(({ service, port }) => {
    const count = replicas[service] ?? 1;
    return count > 1
      ? [
          `${service} would have ${count} containers, but only one can publish port ${port}: publish a range of ports, or put a proxy in front`,
        ]
      : [];
  });
  return [...new Set([...twice, ...many])];
}

const isSamePort = (a: Published, b: Published): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.address === b.address || a.address === '' || b.address === '');
