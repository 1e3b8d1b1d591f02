/** The action itself, as one of the ways. */
import { output } from '../../bed/process.ts';
import type { Scene } from '../../fixtures/example/story.ts';
import { since, type Way } from './way.ts';

/** The action with all its commands. @param inputs besides those of the scene */
export function ours(scene: Scene, name: string, what: string, inputs: Readonly<Record<string, string>> = {}): Way {
  const korrigo = async (
    commands: readonly string[],
    more: Readonly<Record<string, string>> = {},
    onLine: (line: string) => void = () => {},
  ): Promise<readonly string[]> => {
    const lines: string[] = [];
    const listen = (line: string): void => {
      lines.push(line);
      onLine(line);
    };
    const code = await scene.deploy({ onLine: listen }, { ...inputs, ...more }, commands);
    if (code !== 0) throw new Error(`${name} ended with ${code}:\n${lines.slice(-60).join('\n')}`);
    return lines;
  };
  let release = '';
  return {
    name,
    what,
    url: scene.site.url,
    commit: scene.repository.add,
    deploy: async () => {
      let pushed = performance.now();
      // The check of the servers connects as well, but before the push.
      await korrigo(['test', 'build', 'push', 'deploy'], {}, (line) => {
        if (line.startsWith('Connect to ')) pushed = performance.now();
      });
      return since(pushed);
    },
    prepare: async () => {
      release = (await korrigo(['build', 'push'])).findLast((line) => line.startsWith('{')) ?? '';
    },
    again: async () => void (await korrigo(['deploy'], { release, 'force-recreate': 'none', migrate: '' })),
    back: async () => {
      // Not `previous`: that is the same commit, which was deployed once more.
      const to = (await output(['git', 'rev-parse', 'HEAD~1'], { cwd: scene.repository.folder })).trim();
      await korrigo(['rollback'], { to });
    },
  };
}
