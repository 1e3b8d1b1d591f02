import { pull } from '../commands/images.ts';
import { sealedFile } from '../commands/paths.ts';
import type { Plan } from '../model/plan.ts';
import type { Release } from '../model/release.ts';
import type { Target } from '../model/switch.ts';
import { registryRetry } from './build.ts';
import { logout } from './login.ts';
import { previewTasks } from './preview.ts';

/**
 * Pulls all images on all hosts, and removes the registry login. Changes no running container.
 * @param asked the hosts that already have the images: meanwhile Compose is asked there what it would do
 */
export function pullPlan(targets: readonly Target[], release: Release, asked: readonly Target[] = []): Plan {
  const images = [...new Set(Object.values(release.images))];
  const tag = `${release.project}-${release.id}`;
  const tasks = targets.map(({ host, root, login }) => ({
    host,
    steps: [
      {
        kind: 'run',
        id: 'pull',
        title: `pull ${images.length} ${images.length === 1 ? 'image' : 'images'}`,
        command: pull(sealedFile(root, release.id), tag, images, login),
        output: 'facts',
        channel: 'detached',
        retry: registryRetry,
        hint: 'Check that the server reaches the registry and has space on its disk. No running container was touched.',
      } as const,
    ],
    ...(login === undefined ? {} : { always: [logout(login)] }),
  }));
  return { stages: [{ name: 'Pull', tasks: [...tasks, ...previewTasks(asked, release)] }] };
}
