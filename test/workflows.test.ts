import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { data, Evaluator, Lexer, Parser, wellKnownFunctions } from '@actions/expressions';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { forAct } from '../fixtures/act.ts';
import {
  convertWorkflowTemplate,
  NoOperationTraceWriter,
  parseAction,
  parseWorkflow,
} from '../fixtures/workflow-parser.ts';
import { actionRef, workflows } from '../scripts/workflows.ts';
import { type InputName, inputNames } from '../src/config/inputs.ts';
import { registryOf } from '../src/config/parsers.ts';
import { inputsFor, isCommand } from '../src/config/uses.ts';
import { outputs } from '../src/report/outputs.ts';

type Step = { readonly uses?: string; readonly with?: Texts; readonly env?: Texts; readonly run?: string };
type Job = {
  readonly uses?: string;
  readonly with?: Texts;
  readonly steps?: readonly Step[];
  readonly permissions?: unknown;
  readonly 'timeout-minutes'?: unknown;
  readonly concurrency?: Partial<Record<string, string>>;
  readonly environment?: string | { readonly name: string; readonly deployment?: string | boolean };
  readonly secrets?: 'inherit' | Texts;
  readonly needs?: string | readonly string[];
  readonly outputs?: Texts;
};
type Texts = Readonly<Record<string, string>>;
type Call = {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly secrets?: Readonly<Record<string, { readonly required: boolean }>>;
  readonly outputs?: Readonly<Record<string, { readonly description: string; readonly value: string }>>;
};
type Workflow = { readonly on: { readonly workflow_call?: Call }; readonly jobs: Readonly<Record<string, Job>> };

const top = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(top, path), 'utf8');
const filesIn = (folder: string): readonly string[] =>
  readdirSync(join(top, folder)).map((name) => `${folder}/${name}`);

/** What runs side by side in one job: the workflows have several. And their job that builds attests nothing to verify. */
const unfit: ReadonlySet<InputName> = new Set(['sequential', 'verify-attestation']);
/** A plan of a pull request has no release yet, and its form is a comment. */
const notPlanned: ReadonlySet<InputName> = new Set(['release', 'format']);
/** Jobs of an environment that wait for no deploy of it. */
const beside: ReadonlySet<string> = new Set(['plan', 'backup']);
const reusable = Object.keys(workflows('v1')).map((name) => `.github/workflows/${name}`);
const callers = filesIn('examples/workflows');
const all = [...filesIn('.github/workflows'), ...callers];
const workflowOf = (path: string): Workflow => parse(read(path));
const jobsOf = (path: string): readonly (readonly [string, Job])[] => Object.entries(workflowOf(path).jobs);
const stepsOf = (path: string): readonly Step[] => jobsOf(path).flatMap(([, { steps = [] }]) => steps);
const ownSteps = (path: string): readonly Step[] =>
  stepsOf(path).filter(({ uses }) => uses?.startsWith('korrigo/deploy-action@'));

/** What does not come from the input of the same name. */
const from: Partial<Record<InputName, RegExp>> = {
  release: /needs\.build\.outputs\.release /,
  'registry-password': /secrets\.REGISTRY_PASSWORD /,
  'github-token': /github\.token /,
  'ssh-key': /secrets\.SSH_KEY /,
  'ssh-passphrase': /secrets\.SSH_PASSPHRASE /,
};

/** What GitHub itself would refuse: its parser, its schema, and the inputs of the reusable workflows that are called. */
async function errorsOf(path: string, content = read(path)): Promise<readonly string[]> {
  const parsed = parseWorkflow({ name: path, content }, new NoOperationTraceWriter());
  if (parsed.value === undefined) return parsed.context.errors.getErrors().map(({ message }) => message);
  const template = await convertWorkflowTemplate(
    parsed.context,
    parsed.value,
    {
      getFileContent: async (ref) => {
        if (!('repository' in ref)) throw new Error(`${path} uses something of its own checkout`);
        expect(`${ref.owner}/${ref.repository}@${ref.version}`).toBe('korrigo/deploy-action@v1');
        return { name: ref.path, content: read(ref.path) };
      },
    },
    { fetchReusableWorkflowDepth: 1 },
  );
  return [...parsed.context.errors.getErrors(), ...(template.errors ?? [])].map((error) =>
    'message' in error ? error.message : error.Message,
  );
}

describe("GitHub's own parser", () => {
  it.each(all)('has nothing to say against %s', async (path) => {
    expect(await errorsOf(path)).toEqual([]);
  });

  it('has nothing to say against action.yml', () => {
    const { context } = parseAction({ name: 'action.yml', content: read('action.yml') }, new NoOperationTraceWriter());
    expect(context.errors.getErrors().map(({ message }) => message)).toEqual([]);
  });

  it.each([
    ['a key that does not exist', '    timeout-minutes: ${{', '    timeout: ${{', "Unexpected value 'timeout'"],
    ['a queue that does not exist', 'queue: max', 'queue: all', "Unexpected value 'all'"],
    ['an unknown context', 'inputs.hosts ||', 'input.hosts ||', "Unrecognized named-value: 'input'"],
    ['an expression that is not closed', "github.actor)) || '' }}", "github.actor || '' }}", 'Unexpected end'],
    ['a job that is not there', 'needs: build', 'needs: built', "depends on unknown job 'built'"],
  ])('refuses a reusable workflow with %s', async (_, right, wrong, message) => {
    const path = '.github/workflows/deploy.yml';
    expect(read(path)).toContain(right);
    expect((await errorsOf(path, read(path).replace(right, wrong))).join('\n')).toContain(message);
  });

  it('refuses a caller that passes on an input which the reusable workflow does not have', async () => {
    const path = 'examples/workflows/rollback.yml';
    const errors = await errorsOf(path, read(path).replace('      reason:  ', '').replace('to: ${{', 'too: ${{'));
    expect(errors.join('\n')).toContain('Invalid input, too is not defined in the referenced workflow');
  });

  it('refuses an action.yml with an unknown key', () => {
    const content = read('action.yml').replace('post-if:', 'after-if:');
    const { context } = parseAction({ name: 'action.yml', content }, new NoOperationTraceWriter());
    expect(context.errors.getErrors().map(({ rawMessage }) => rawMessage)).toEqual(["Unexpected value 'after-if'"]);
  });
});

describe('the reusable workflows', () => {
  it.each(reusable)('%s is what the generator writes', (path) => {
    expect(read(path)).toBe(workflows(actionRef())[path.split('/').at(-1) ?? '']);
  });

  it.each(reusable)('%s offers inputs of the action, as texts that are empty by default', (path) => {
    const { inputs = {} } = workflowOf(path).on.workflow_call ?? {};
    const own = { environment: 'production', 'runs-on': 'ubuntu-latest', 'timeout-minutes': 60 };
    for (const [name, { default: value }] of Object.entries(inputs)) {
      if (name in own) expect(own).toHaveProperty(name, value);
      else
        expect({ name, value, known: inputNames }).toMatchObject({ value: '', known: expect.arrayContaining([name]) });
    }
  });

  it.each(reusable)('%s gives each step every input that its commands read, from where it belongs', (path) => {
    for (const { with: given = {} } of ownSteps(path)) {
      const commands = (given['command'] ?? '').split(', ');
      const wanted = inputsFor(commands.filter(isCommand)).filter(
        (name) => !unfit.has(name) && !(commands.includes('plan') && notPlanned.has(name)),
      );
      expect(Object.keys(given).sort()).toEqual(['command', ...wanted].sort());
      for (const name of wanted) expect(given[name], name).toMatch(from[name] ?? new RegExp(`inputs\\.${name} `));
    }
  });

  it.each(reusable)('%s has no input that no step of it is given', (path) => {
    const { inputs = {} } = workflowOf(path).on.workflow_call ?? {};
    const given = ownSteps(path).flatMap((step) => Object.keys(step.with ?? {}));
    const ofJobs = ['environment', 'runs-on', 'timeout-minutes'];
    expect(Object.keys(inputs).filter((name) => !given.includes(name) && !ofJobs.includes(name))).toEqual([]);
  });

  it.each(reusable)('%s hands out every output of its jobs, under the same name', (path) => {
    const { outputs: handedOut = {} } = workflowOf(path).on.workflow_call ?? {};
    const ofJobs = jobsOf(path).flatMap(([id, job]) => Object.keys(job.outputs ?? {}).map((name) => ({ id, name })));
    expect(Object.entries(handedOut).map(([name, { value }]) => ({ name, value }))).toEqual(
      ofJobs.map(({ id, name }) => ({ name, value: `\${{ jobs.${id}.outputs.${name} }}` })),
    );
    const ended = /deploy|rollback/.test(path) ? ['outcome', 'url', 'release-id', 'previous-release', 'downtime'] : [];
    expect(Object.keys(handedOut)).toEqual(expect.arrayContaining(ended));
  });

  it.each(reusable)('%s requires no secret: the action says which one is missing, and why', (path) => {
    const { secrets = {} } = workflowOf(path).on.workflow_call ?? {};
    expect(Object.values(secrets).map(({ required }) => required)).not.toContain(true);
    const named = [...read(path).matchAll(/secrets\.(\w+)/g)].map(([, name]) => name);
    expect([...new Set(named)].sort()).toEqual(Object.keys(secrets).sort());
  });

  it('leave out of the inputs of the action only what has no place in them', () => {
    const passed = new Set(reusable.flatMap(ownSteps).flatMap((step) => Object.keys(step.with ?? {})));
    expect(inputNames.filter((name) => !passed.has(name))).toEqual([
      ...unfit,
      'heal', // of `status`, which is no workflow
      'format',
    ]);
  });

  it('let a deploy and a rollback of an environment wait for each other, and drop none that waits', () => {
    const inProduction = { inputs: { environment: 'production' } };
    const jobs = all.flatMap(jobsOf).flatMap(([id, { environment, ...job }]) => {
      return typeof environment === 'object' && !beside.has(id) ? [{ id, environment, ...job }] : [];
    });
    expect(jobs.map(({ id }) => id)).toEqual(['deploy', 'rollback', 'deploy', 'staging', 'production', 'status']);
    for (const { concurrency, environment } of jobs) {
      const { group = '', ...rest } = concurrency ?? {};
      expect(evaluated(group, inProduction)).toBe(`korrigo-${evaluated(environment.name, inProduction)}`);
      expect(rest).toEqual({ 'cancel-in-progress': false, queue: 'max' });
    }
  });

  it('check out with the pin of ci.yml, which Dependabot raises with theirs', () => {
    const pinOf = (path: string): readonly string[] => read(path).match(/actions\/checkout@.*/g) ?? [];
    const [pin] = pinOf('.github/workflows/ci.yml');
    expect(pin).toBeDefined();
    expect(new Set(reusable.flatMap(pinOf))).toEqual(new Set([pin]));
  });
});

describe('a deployment on the page of an environment', () => {
  const jobs = all.flatMap((path) => jobsOf(path).map(([id, job]) => ({ path, id, job })));

  it.each(['true', ''])('is never one of two, with `deployment: %j`', (deployment) => {
    const own = jobs.filter(({ path, job }) => reusable.includes(path) && typeof job.environment === 'object');
    for (const { path, job } of own) {
      const { environment } = job;
      const githubs = typeof environment === 'object' ? environment.deployment : undefined;
      const given = job.steps?.find((step) => step.with?.['deployment'] !== undefined)?.with?.['deployment'];
      if (given === undefined) expect(githubs, path).toBe(false);
      else expect(evaluated(String(githubs), { inputs: { deployment } }), path).toBe(String(deployment !== 'true'));
    }
    expect(own).toHaveLength(3);
  });

  it('has its permission in every caller that asks for it', () => {
    const asking = jobs.filter(({ job }) => job.with?.['deployment'] === 'true');
    expect(asking.map(({ path }) => path.split('/').at(-1))).toEqual(['deploy.yml', 'rollback.yml']);
    for (const { job } of asking) expect(job.permissions).toMatchObject({ deployments: 'write' });
  });
});

describe('the callers', () => {
  it('let somebody approve in a job that holds no concurrency, so that a rollback need not wait for it', () => {
    const jobs = new Map(jobsOf('examples/workflows/staging-production.yml'));
    expect(jobs.get('approval')).toMatchObject({ environment: 'production-approval', permissions: {} });
    expect(jobs.get('approval')?.concurrency).toBeUndefined();
    expect(jobs.get('production')?.needs).toContain('approval');
  });

  it('are looked at by Dependabot', () => {
    const { updates }: { updates: readonly { 'package-ecosystem': string; directories?: readonly string[] }[] } = parse(
      read('.github/dependabot.yml'),
    );
    const found = updates.find((update) => update['package-ecosystem'] === 'github-actions');
    expect(found?.directories).toEqual(['/', '/examples/workflows']);
  });
});

describe('every workflow', () => {
  it.each(all)('%s gives the action inputs that it has', (path) => {
    for (const step of ownSteps(path)) {
      expect(inputNames).toEqual(expect.arrayContaining(Object.keys(step.with ?? {})));
    }
  });

  it.each(all)('%s asks the action for outputs that it has', (path) => {
    const asked = [...read(path).matchAll(/steps\.korrigo\.outputs\.([\w-]+)/g)].map(([, name]) => name);
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(asked));
  });

  it.each(all)('%s starts without permissions; each job names its own, and how long it may take', (path) => {
    expect(read(path)).toContain('\npermissions: {}\n');
    for (const [id, job] of jobsOf(path)) {
      expect(job.permissions, id).toBeTypeOf('object');
      // A job that calls another workflow cannot have one of its own.
      if (job.uses === undefined) expect(job['timeout-minutes'], id).toBeDefined();
    }
  });

  it.each(all)('%s says what each permission is for', (path) => {
    const permissions = read(path).match(/^ +(?:[a-z]+-)*[a-z]+: (?:read|write)\b.*$/gm) ?? [];
    for (const line of permissions) expect(line).toMatch(/: (?:read|write) # \S/);
  });

  it('is given actions to use', () => {
    expect(all.flatMap(stepsOf).filter(({ uses }) => uses !== undefined).length).toBeGreaterThan(20);
  });

  it.each(all)('%s pins the actions of others to a commit, and says which version that is', (path) => {
    const used = [...read(path).matchAll(/^\s*(?:- )?uses: (.*)$/gm)].map(([, name = '']) => name);
    const own = reusable.includes(path) ? actionRef() : 'v1';
    for (const name of used) {
      if (name.startsWith('korrigo/')) expect(name.split('@')).toEqual([expect.any(String), own]);
      else expect(name).toMatch(/^[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  it.each(callers)('%s passes secrets by name: to another organization GitHub lets none be inherited', (path) => {
    for (const [, { secrets = {} }] of jobsOf(path)) {
      expect(secrets).not.toBe('inherit');
      for (const [name, value] of Object.entries(secrets)) expect(value).toBe(`\${{ secrets.${name} }}`);
    }
  });

  it.each(all)('%s keeps expressions out of shell scripts', (path) => {
    for (const { run = '' } of stepsOf(path)) expect(run).not.toContain('${{');
  });

  it.each(all)('%s is given to act as it is, but for two keys that act does not know', (path) => {
    const without = parse(read(path), (key, value) => {
      const { deployment: _deployment, ...environment } = Object(value);
      if (key === 'queue') return undefined;
      return key === 'environment' && 'name' in environment ? environment : value;
    });
    expect(parse(forAct(read(path)))).toEqual(without);
  });
});

describe('the expressions', () => {
  const deploy = ownSteps('.github/workflows/deploy.yml').at(-1)?.with ?? {};
  const github = { actor: 'octocat', token: 'ghs_token' };
  const nothing = { inputs: { registry: '' }, vars: {}, secrets: {}, github };
  const ghcr = { ...nothing, inputs: { registry: 'ghcr.io/acme' } };
  const other = { ...nothing, inputs: { registry: 'registry.example.com' } };
  const like = { ...nothing, inputs: { registry: 'ghcr.io.example.com' } };
  const login = { vars: { REGISTRY_USERNAME: 'robot' }, secrets: { REGISTRY_PASSWORD: 'secret' } };

  it.each([
    ['ghcr.io', 'the actor and the token of the workflow', ghcr, 'octocat', 'ghs_token'],
    ['ghcr.io with a login', 'that login', { ...ghcr, ...login }, 'robot', 'secret'],
    ['another registry', 'no login', other, '', ''],
    ['a registry that only begins like ghcr.io', 'no login', like, '', ''],
    ['another registry with a login', 'that login', { ...other, ...login }, 'robot', 'secret'],
    ['no registry', 'no login, even when there is one', { ...nothing, ...login }, '', ''],
  ])('of the reusable workflows log in to %s with %s', (_, __, contexts, username, password) => {
    expect(evaluated(deploy['registry-username'], contexts)).toBe(username);
    expect(evaluated(deploy['registry-password'], contexts)).toBe(password);
  });

  const logins = callers
    .flatMap(ownSteps)
    .flatMap(({ with: given = {} }) => (given['registry-password'] === undefined ? [] : [given]));

  it.each([
    [
      'nothing',
      'ghcr.io/Acme with the actor and the token of the workflow',
      {},
      'ghcr.io/Acme',
      'octocat',
      'ghs_token',
    ],
    ['ghcr.io', 'it with the same', { REGISTRY: 'ghcr.io/team' }, 'ghcr.io/team', 'octocat', 'ghs_token'],
    ['another registry', 'it without a login', { REGISTRY: 'quay.io/acme' }, 'quay.io/acme', '', ''],
    ['one like ghcr.io', 'it without a login', { REGISTRY: 'ghcr.io.example' }, 'ghcr.io.example', '', ''],
  ])('of the callers, with REGISTRY as %s, log in to %s', (_, __, vars, registry, username, password) => {
    const contexts = { vars, secrets: {}, github: { ...github, repository_owner: 'Acme' } };
    expect(logins).toHaveLength(3);
    for (const given of logins) {
      expect(evaluated(given['registry'], contexts)).toBe(registry);
      expect(registryOf(registry)).toEqual({ value: registry.toLowerCase() });
      expect(evaluated(given['registry-username'], contexts)).toBe(username);
      expect(evaluated(given['registry-password'], contexts)).toBe(password);
      const own = { ...contexts, vars: { ...vars, ...login.vars }, secrets: login.secrets };
      expect(evaluated(given['registry-username'], own)).toBe('robot');
      expect(evaluated(given['registry-password'], own)).toBe('secret');
    }
    for (const { with: given = {} } of callers.flatMap(jobsOf).map(([, job]) => job))
      if (given['registry'] !== undefined) expect(evaluated(given['registry'], contexts)).toBe(registry);
  });

  it.each(['hosts', 'known-hosts', 'health-url'])(
    'of the reusable workflows take %s from the caller, else from the environment',
    (name) => {
      const vars = { [name.toUpperCase().replace('-', '_')]: 'of the environment' };
      expect(evaluated(deploy[name], { inputs: { [name]: 'of the caller' }, vars })).toBe('of the caller');
      expect(evaluated(deploy[name], { inputs: { [name]: '' }, vars })).toBe('of the environment');
    },
  );
});

type Context = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The text of a value with expressions in it, as GitHub evaluates them. */
function evaluated(text = '', contexts: Context): string {
  return text.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) => {
    const { tokens } = new Lexer(expression).lex();
    const tree = new Parser(tokens, Object.keys(contexts), []).parse();
    const known = new data.Dictionary(
      ...Object.entries(contexts).map(([key, values]) => ({
        key,
        value: new data.Dictionary(
          ...Object.entries(values).map(([name, value]) => ({ key: name, value: new data.StringData(value) })),
        ),
      })),
    );
    return new Evaluator(tree, known, new Map(Object.entries(wellKnownFunctions))).evaluate().coerceString();
  });
}
