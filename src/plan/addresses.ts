import type { Claims } from '../model/claims.ts';
import { overlap } from './subnets.ts';

/** Addresses that Docker would not assign: outside the network's subnets, or claimed by two services. */
export function addressProblems({ addresses, subnets, networks }: Claims): readonly string[] {
  return addresses.flatMap(({ service, network, address }, index) => {
    const own = networks.some(({ key, external }) => key === network && !external);
    const ranges = subnets.filter((range) => range.network === network).map(({ subnet }) => subnet);
    const twin = addresses.slice(0, index).find((other) => other.network === network && other.address === address);
    if (twin !== undefined && twin.service !== service)
      return [
        `${service} and ${twin.service} have the same address ${address} in the network ${network}: change one of them`,
      ];
    const family = ranges.filter((range) => range.includes(':') === address.includes(':'));
    // IPv6 is not checked.
    const fits = (range: string): boolean => address.includes(':') || overlap(`${address}/32`, range);
    if (!own || family.some(fits)) return [];
    return [
      family.length === 0
        ? `${service} has the address ${address} in the network ${network}, which has no subnet: add one under \`ipam\``
        : `${service} has the address ${address} in the network ${network}, but its subnet is ${family.join(', ')}: choose an address inside it`,
    ];
  });
}

/** A container name that two services have. A service scaled to 0 does not count. */
export function ownNames(
  { containerNames }: Pick<Claims, 'containerNames'>,
  replicas: Readonly<Record<string, number>>,
): readonly string[] {
  const wanted = containerNames.filter(({ service }) => replicas[service] !== 0);
  return wanted.flatMap(({ service, name }, index) => {
    const twin = wanted.slice(0, index).find((other) => other.name === name);
    return twin === undefined
      ? []
      : [`${twin.service} and ${service} have the same container_name ${name}: change one of them`];
  });
}
