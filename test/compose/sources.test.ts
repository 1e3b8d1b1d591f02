import { describe, expect, it } from 'vitest';
import { type Asked, readSources } from '../../src/compose/sources.ts';

const read = async (
  named: readonly string[],
  files: Readonly<Record<string, string>>,
  asked: Omit<Asked, 'read'> = {},
) => await readSources(named, { read: async (path) => files[path], ...asked });

describe('the compose files of an application', () => {
  it('are those that are named, in their order', async () => {
    const files = { 'compose.yml': 'name: a\nservices: {web: {}}', 'prod.yml': 'name: b\nservices: {web: {}, db: {}}' };
    expect(await read(['compose.yml', 'prod.yml'], files)).toMatchObject({
      files: ['compose.yml', 'prod.yml'],
      name: 'b',
      services: ['web', 'db'],
      problems: [],
    });
  });

  it('and what they include and extend, each from its own folder', async () => {
    const files = {
      'deploy/compose.yml':
        'include: [../backend/compose.yml]\nservices: {web: {extends: {file: base/web.yml, service: web}}}',
      'backend/compose.yml': 'include: [jobs/compose.yml]\nservices: {api: {env_file: api.env}}',
      'backend/jobs/compose.yml': 'services: {job: {env_file: ../job.env}}',
      'deploy/base/web.yml': 'services: {web: {extends: {file: ../more.yml, service: x}, env_file: web.env}}',
      'deploy/more.yml': 'services: {x: {env_file: [./x.env]}}',
    };
    const sources = await read(['deploy/compose.yml'], files);
    expect(sources.files.toSorted()).toEqual(Object.keys(files).toSorted());
    expect(sources.envFiles.toSorted()).toEqual([
      '.env',
      'backend/.env',
      'backend/api.env',
      'backend/job.env',
      'backend/jobs/.env',
      'deploy/.env',
      'deploy/base/web.env',
      'deploy/x.env',
    ]);
    expect(sources.problems).toEqual([]);
  });

  it('do not have the services that are only extended', async () => {
    const files = {
      'a.yml': 'include: [b.yml]\nservices: {web: {extends: {file: base.yml, service: base}}}',
      'b.yml': 'services: {api: {extends: {file: both.yml, service: x}}}',
      'base.yml': 'services: {base: {}}',
      'both.yml': 'services: {x: {}}',
    };
    expect((await read(['a.yml'], files)).services).toEqual(['web', 'api']);
    expect((await read(['a.yml', 'both.yml'], files)).services).toEqual(['web', 'api', 'x']);
  });

  it('do not have the services that a later one takes out', async () => {
    const files = { 'a.yml': 'services: {web: {}, db: {}}', 'b.yml': 'services: {db: !reset null}' };
    expect((await read(['a.yml', 'b.yml'], files)).services).toEqual(['web']);
    expect((await read(['b.yml', 'a.yml'], files)).services).toEqual(['web', 'db']);
  });

  it('have their paths from the folder of the first one', async () => {
    const files = {
      'app/compose.yml': 'services: {web: {env_file: a.env}}',
      'app/prod/compose.yml': 'services: {web: {env_file: b.env}}',
    };
    const { envFiles } = await read(['app/compose.yml', 'app/prod/compose.yml'], files);
    expect(envFiles).toEqual(['.env', 'app/.env', 'app/a.env', 'app/b.env']);
  });

  it('of an include with a folder have their paths from there, and its own env_files', async () => {
    const files = {
      'app/compose.yml':
        'include: [{path: [../a/a.yml, ../b/b.yml], project_directory: ../other, env_file: [one.env, ../two.env]}]',
      'a/a.yml': 'include: [more.yml]\nservices: {a: {env_file: a.env}}',
      'b/b.yml': 'services: {b: {env_file: b.env, extends: {file: base.yml, service: x}}}',
      'other/more.yml': 'services: {more: {env_file: more.env}}',
      'other/base.yml': 'services: {x: {}}',
      'app/one.env': '',
    };
    const { files: found, envFiles, problems } = await read(['app/compose.yml'], files);
    expect(found.toSorted()).toEqual(
      Object.keys(files)
        .filter((path) => path.endsWith('.yml'))
        .toSorted(),
    );
    expect(envFiles).toEqual([
      '.env',
      'app/.env',
      'other/.env',
      'app/one.env',
      'two.env',
      'other/a.env',
      'other/more.env',
      'other/b.env',
    ]);
    expect(problems).toEqual([
      'two.env (env_file of an include in app/compose.yml) does not exist in the checkout; commit one with default values, and list it in server-owned if the server has its own',
    ]);
  });

  it('of an include of several files have their paths from the folder of the first one', async () => {
    const files = {
      'compose.yml': 'include: [{path: [a/a.yml, b/b.yml]}]',
      'a/a.yml': 'services: {a: {env_file: a.env}}',
      'b/b.yml': 'services: {a: {env_file: b.env}}',
    };
    expect((await read(['compose.yml'], files)).envFiles).toEqual(['.env', 'a/.env', 'a/a.env', 'a/b.env']);
  });

  it('may include one another', async () => {
    const files = { 'a.yml': 'include: [b.yml]\nservices: {a: {}}', 'b.yml': 'include: [a.yml]\nservices: {b: {}}' };
    expect(await read(['a.yml'], files)).toMatchObject({ files: ['a.yml', 'b.yml'], services: ['a', 'b'] });
  });

  it('may be named by variables, as far as they have a value here', async () => {
    const files = {
      'a.yml':
        'include: [{path: "${STACK:-prod}/b.yml", env_file: "${STACK:-prod}.env"}]\nservices: {a: {extends: {file: "${BASE}.yml", service: x}, env_file: "${X}.env"}}',
      'prod/b.yml': 'services: {b: {env_file: b.env}}',
      'base.yml': 'services: {x: {}}',
      'prod.env': '',
    };
    const lookup = (name: string) => ({ BASE: 'base' })[name];
    const sources = await read(['a.yml'], files, { lookup });
    expect(sources).toMatchObject({ files: ['a.yml', 'prod/b.yml', 'base.yml'], services: ['a', 'b'], problems: [] });
    expect(sources.envFiles).toEqual(['.env', '${X}.env', 'prod/.env', 'prod.env', 'prod/b.env']);
  });

  it('are refused where nobody can tell what is meant, all at once', async () => {
    const files = {
      'app/a.yml': `include: ["\${DIR}/b.yml", "https://example.com/x.git", "oci://registry/x", "git@github.com:a/b.git", ../../c.yml]
services: {a: {extends: {file: /etc/base.yml, service: x}}, b: {extends: {file: "$F", service: x}}}`,
    };
    const { problems } = await read(['app/a.yml'], files);
    const depends = 'contains a variable that is not set here: set it with `env:` on this step, or give it a default';
    const fetched = 'is fetched from elsewhere at every deploy and may change in between: copy it into the repository';
    const outside = 'is outside the repository: move it into the repository';
    expect(problems).toEqual([
      `include in app/a.yml: the path \${DIR}/b.yml ${depends}`,
      ...['https://example.com/x.git', 'oci://registry/x', 'git@github.com:a/b.git'].map(
        (path) => `include in app/a.yml: ${path} ${fetched}`,
      ),
      `../c.yml (included by app/a.yml) ${outside}`,
      `extends in app/a.yml: /etc/base.yml ${outside}`,
      `extends in app/a.yml: the path $F ${depends}`,
    ]);
  });

  it('say why a file is not there, when that is known', async () => {
    const asked = { whyAbsent: (path: string) => (path.startsWith('sub/') ? 'is somewhere else' : undefined) };
    const { problems } = await read(['a.yml'], { 'a.yml': 'include: [sub/b.yml, c.yml]' }, asked);
    expect(problems).toEqual([
      'sub/b.yml (included by a.yml) is somewhere else',
      'c.yml (included by a.yml) does not exist in the checkout',
    ]);
  });

  it('are reported when they are no YAML to us', async () => {
    const files = { 'a.yml': 'include: [b.yml]\nservices: {a: {profiles: [x]}}', 'b.yml': 'services: "' };
    expect(await read(['a.yml'], files)).toMatchObject({
      services: ['a'],
      profiles: ['x'],
      unreadable: ['b.yml: Missing closing "quote at line 1, column 12'],
    });
  });

  it('are missing all at once', async () => {
    const files = { 'a.yml': 'include: [b.yml, c.yml]\nservices: {a: {extends: {file: d.yml, service: x}}}' };
    const { problems } = await read(['a.yml', 'z.yml'], files);
    expect(problems).toEqual([
      'b.yml (included by a.yml) does not exist in the checkout',
      'c.yml (included by a.yml) does not exist in the checkout',
      'd.yml (extended by a.yml) does not exist in the checkout',
      'z.yml (listed in compose-file) does not exist in the checkout',
    ]);
  });

  it('have every variable once', async () => {
    const files = {
      'a.yml': 'services: {a: {image: "$X", build: {context: "$Y"}, command: "$Z"}}',
      'b.yml': 'services: {a: {image: "$X", command: "$Z ${Q:?}"}}',
    };
    expect((await read(['a.yml', 'b.yml'], files)).variables).toEqual({
      image: ['X'],
      build: ['Y'],
      elsewhere: ['Z', 'Q'],
      required: ['Q'],
    });
  });
});
