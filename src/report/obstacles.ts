import type { Obstacle } from '../model/changes.ts';

/** Why a service is recreated although the strategy is `rolling`, and what to change about it. */
export function obstacleText(obstacle: Obstacle): string {
  switch (obstacle.kind) {
    case 'opted-out':
      return 'its label says korrigo.rolling: "false"';
    case 'no-way-back':
      return 'there is no current release to roll back to; from the next deploy on it can';
    case 'runs-once':
      return 'it runs once and exits';
    case 'not-running':
      return 'none of its containers is running';
    case 'door':
      return `it holds the network of ${listed(obstacle.behind)}, and requests fail while it is replaced: leave its definition as it is`;
    case 'shared':
      return `${listed(obstacle.by)} ${obstacle.by.length === 1 ? 'shares' : 'share'} its container`;
    case 'not-built':
      return 'it is not built here; if two of its containers may run at once, set the label korrigo.rolling: "true"';
    case 'host-network':
      return 'it uses the network of the server (network_mode: host), where two containers cannot listen on the same port: use a Compose network';
    case 'ports':
      return `it publishes ${obstacle.ports.length === 1 ? 'port' : 'ports'} ${listed(obstacle.ports)} itself: put it behind a door (docs/zero-downtime.md)`;
    case 'container-name':
      return `container_name: ${obstacle.name} allows only one container: remove it`;
    case 'address':
      return `its fixed address ${obstacle.address} allows only one container: remove it`;
    case 'healthcheck':
      return 'it has no healthcheck to tell when the new container is ready: add one';
    case 'writes':
      return obstacle.volume === ''
        ? 'it keeps data in an anonymous volume, which a new container would not have: name the volume'
        : `it is the only one that writes to ${obstacle.volume}; if two of its containers may do so at once, set the label korrigo.rolling: "true"`;
    case 'door-sysctl':
      return `waiting connections would be lost: add sysctls net.ipv4.tcp_migrate_req: "1" to ${obstacle.door}`;
    case 'kernel':
      return `it shares a network, which needs Linux 5.14 or later, and the server has ${obstacle.version}`;
    case 'memory':
      return `the server has ${mib(obstacle.freeBytes)} of memory free, and its new containers may need ${mib(obstacle.neededBytes)} beside the old: free memory, or lower its memory limit`;
  }
}

const mib = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;

/** `a`, `a and b`, `a, b and c`. */
function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
