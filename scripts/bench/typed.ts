/** The ways that need nothing but docker and SSH. */

import type { Typist } from './typist.ts';
import { since, type Way } from './way.ts';

/** What is the same for all of them. */
const common = ({ url, commit, compose }: Typist): Pick<Way, 'url' | 'commit' | 'prepare' | 'again'> => ({
  url,
  commit,
  prepare: async () => {},
  again: async () => void (await compose('up --detach --no-build')),
});

/**
 * What teams paste around an SSH action, typed in full: test, build, push, and on the server pull, recreate everything,
 * migrate in the running container.
 */
export function recipe(typist: Typist): Way {
  const { compose } = typist;
  return {
    name: 'the usual recipe',
    what: 'test, build, push; over SSH `pull`, `up --detach --force-recreate`, `exec … migrate`, one after the other',
    ...common(typist),
    deploy: async () => {
      await typist.testBuildPush();
      const pushed = performance.now();
      await typist.ship();
      await compose('pull --quiet');
      await compose('up --detach --no-build --force-recreate');
      await compose('exec -T backend python manage.py migrate --noinput');
      await typist.healthy();
      return since(pushed);
    },
    back: async () => {
      await compose('up --detach --no-build --force-recreate --no-deps backend celery nginx');
      await typist.healthy();
    },
  };
}

/**
 * What docker-rollout does for a service, behind a proxy that finds the new containers by itself: scale it to twice as many,
 * wait until the new ones are healthy, stop and remove the old. The rest of the application is brought up as it is.
 */
export function rollout(typist: Typist): Way {
  const { compose, there } = typist;
  const roll = async (...services: readonly string[]): Promise<void> => {
    for (const service of services) {
      const idsNow = async (): Promise<readonly string[]> =>
        (await compose(`ps --quiet ${service}`)).split('\n').filter((id) => id !== '');
      const old = await idsNow();
      await compose(`up --detach --no-build --no-recreate --scale ${service}=${2 * old.length} ${service}`);
      const fresh = (await idsNow()).filter((id) => !old.includes(id));
      await there(waitUntilHealthy(fresh));
      await there(`docker stop ${old.join(' ')} && docker rm ${old.join(' ')}`);
    }
  };
  let isThere = false;
  return {
    name: "docker-rollout's way",
    what: "test, build, push; over SSH `pull`, `run … migrate`, then for backend and Celery `up --no-recreate --scale` to twice as many, wait until healthy, stop and remove the old ones, and `up --detach` for the rest; nginx in front of them asks Docker's DNS for new containers every second, and does not change",
    ...common(typist),
    deploy: async () => {
      await typist.testBuildPush();
      const pushed = performance.now();
      await typist.ship();
      await compose('pull --quiet');
      if (isThere) {
        await compose('run --rm -T --no-deps backend python manage.py migrate --noinput');
        await roll('backend', 'celery');
        await compose('up --detach --no-build');
      } else {
        await compose('up --detach --no-build');
        await compose('exec -T backend python manage.py migrate --noinput');
        isThere = true;
      }
      await typist.healthy();
      return since(pushed);
    },
    back: async () => {
      await roll('backend', 'celery');
      await typist.healthy();
    },
  };
}

/** Each second, for a minute; then the new ones go, and the old ones stay. */
function waitUntilHealthy(ids: readonly string[]): string {
  const health = `docker inspect --format "{{.State.Health.Status}}" ${ids.join(' ')}`;
  const fail = `docker rm --force ${ids.join(' ')} >/dev/null; exit 1`;
  return `n=0; while ${health} | grep -qvx healthy; do n=$((n + 1)); [ $n -le 60 ] || { ${fail}; }; sleep 1; done`;
}
