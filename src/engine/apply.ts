import { Cancelled, CommandError, DeployError } from '../errors.ts';
import { isChatter, isConfigWarning } from '../facts/chatter.ts';
import { faultIn } from '../facts/fault.ts';
import type { Plan, RunStep, Stage, Step, Task } from '../model/plan.ts';
import type { StepReport } from '../model/report.ts';
import { explain, quoted } from './explain.ts';
import type { EnginePorts } from './ports.ts';
import { waitFor } from './wait.ts';

export type Applied = {
  readonly steps: readonly StepReport[];
  /** The stdout of the step with this id on this host; empty if it did not succeed. */
  readonly output: (host: string, id: string) => string;
  /** The first failure of each task in the stage where the plan stopped. */
  readonly failures: readonly DeployError[];
};

/** For a step without its own limit: builds and pulls take long, but nothing waits forever. */
const longestSeconds = 3600;

const outputKey = (host: string, id: string): string => `${host} ${id}`;

/** Executes a plan: its stages in order, the tasks of a stage in parallel. Never throws for an expected failure. */
export async function apply(plan: Plan, ports: EnginePorts): Promise<Applied> {
  const steps: StepReport[] = [];
  const outputs = new Map<string, string>();
  const output = (host: string, id: string): string => outputs.get(outputKey(host, id)) ?? '';
  for (const stage of plan.stages) {
    ports.log.stage(stage.name);
    ports.onStage?.(stage.name);
    const failures = await Promise.all(stage.tasks.map((task) => applyTask(stage, task, ports, steps, outputs)));
    ports.log.end();
    const found = failures.filter((failure) => failure !== undefined);
    if (found.length > 0) return { steps, output, failures: found };
  }
  return { steps, output, failures: [] };
}

async function applyTask(
  stage: Stage,
  task: Task,
  ports: EnginePorts,
  reports: StepReport[],
  outputs: Map<string, string>,
): Promise<DeployError | undefined> {
  const attempt = async (steps: readonly Step[], within: EnginePorts): Promise<DeployError | undefined> => {
    for (const step of steps) {
      const started = ports.clock.now();
      const report = (ending: Pick<StepReport, 'outcome' | 'stopped'>): void => {
        const seconds = (ports.clock.now() - started) / 1000;
        const { id, title, changes = false } = step;
        reports.push({ stage: stage.name, host: task.host, id, title, changes, ...ending, seconds, started });
        const [mark, after] = ending.stopped ? ['–', 'stopped after '] : [ending.outcome === 'done' ? '✓' : '✗', ''];
        ports.log.info(`${mark} ${task.host}: ${step.title} (${after}${seconds.toFixed(1)} s)`);
      };
      try {
        const stdout = await applyStep(step, task.host, within);
        if (step.kind === 'run') outputs.set(outputKey(task.host, step.id), stdout);
        report({ outcome: 'done' });
      } catch (error) {
        report({ outcome: 'failed', ...(error instanceof Cancelled ? { stopped: true } : {}) });
        if (error instanceof DeployError) return error;
        throw error;
      }
    }
    return undefined;
  };
  let after: DeployError | undefined;
  try {
    const failure = await attempt(task.steps, ports);
    if (failure !== undefined) return failure;
  } finally {
    // Clean-up also runs after a cancellation and after a bug.
    after = await attempt(task.always ?? [], { ...ports, signal: new AbortController().signal });
  }
  return after;
}

async function applyStep(step: Step, hostName: string, ports: EnginePorts): Promise<string> {
  if (ports.signal.aborted) throw new Cancelled(hostName, 'before', step.title);
  if (step.kind === 'wait') {
    await waitFor(step, hostName, ports);
    return '';
  }
  if (step.kind === 'write') {
    const { id, title, path, content } = step;
    const argv = ['sh', '-c', 'umask 077 && cat >"$1.new" && mv "$1.new" "$1"', 'korrigo-write', path];
    const run: RunStep = { kind: 'run', id, title, output: 'quiet', command: { argv, stdin: content } };
    return await runStep(run, hostName, ports);
  }
  return await runStep(step, hostName, ports);
}

async function runStep(step: RunStep, hostName: string, ports: EnginePorts): Promise<string> {
  const { pauses = [], after } = step.retry ?? {};
  for (const pause of pauses) {
    try {
      return await runOnce(step, hostName, ports);
    } catch (error) {
      if (!(error instanceof CommandError) || ports.signal.aborted) throw error;
      if (after !== undefined && error.failures[0]?.fault !== after) throw error;
      ports.log.warn(`${error.message}\nretrying in ${pause} s`);
      await ports.clock.sleep(pause * 1000, ports.signal);
    }
  }
  return await runOnce(step, hostName, ports);
}

async function runOnce(step: RunStep, hostName: string, ports: EnginePorts): Promise<string> {
  const { title, command, output, timeoutSeconds, channel } = step;
  const watched = watchOutput(`${hostName}: ${title}`, ports);
  const onLine = (line: string, stream: 'stdout' | 'stderr'): void => {
    if (output === 'live' && isChatter(line)) return;
    if (hostName !== 'local' && isConfigWarning(line)) return;
    if (output !== 'facts' || stream === 'stderr') watched.line(line);
    if (output === 'live' && line.trim() !== '') ports.log.output(hostName, line);
  };
  const signal = AbortSignal.any([ports.signal, AbortSignal.timeout((timeoutSeconds ?? longestSeconds) * 1000)]);
  const result = await ports
    .host(hostName)
    .run(command, { signal, onLine, ...(channel === undefined ? {} : { channel }) })
    .finally(watched.stop);
  const tail = watched.stop();
  if (result.code === 0) return result.stdout;
  if (ports.signal.aborted) throw new Cancelled(hostName, 'during', title);
  const { code, timedOut } = result;
  const hint = (code === null ? undefined : step.hints?.[code]) ?? step.hint;
  const lost = code === null && !timedOut && hostName !== 'local';
  const details = lost ? { hint: lostHint } : hint === undefined ? {} : { hint };
  const end = tail.join('\n');
  const fault = faultIn(end);
  const failed = new CommandError(
    { host: hostName, title, code, timedOut, output: end },
    { ...details, ...(output === 'live' ? { shown: true } : {}), ...(fault === undefined ? {} : { fault }) },
  );
  throw (await explain(step.explain, hostName, ports, failed)) ?? failed;
}

const lostHint = 'The connection dropped while this was running. Check the server with `status`, then deploy again.';

/** Keeps the last 20 lines, without repetitions, and reports every 15 s that a command is still running if it prints nothing itself. */
function watchOutput(
  what: string,
  { log, clock }: EnginePorts,
): { line(text: string): void; stop(): readonly string[] } {
  const started = clock.now();
  let tail: readonly string[] = [];
  let last = started;
  const timer = setInterval(() => {
    if (clock.now() - last >= 14_000) log.progress(`… ${what} (${Math.round((clock.now() - started) / 1000)} s)`);
  }, 15_000);
  timer.unref();
  return {
    line: (text) => {
      last = clock.now();
      const line = quoted(text);
      if (line.trim() !== '' && line !== tail.at(-1)) tail = [...tail, line].slice(-20);
    },
    stop: () => {
      clearInterval(timer);
      return tail;
    },
  };
}
