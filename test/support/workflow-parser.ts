/** GitHub's own parser of workflows and actions. It imports its schemas, which are JSON, as Node alone does not let it. */
import { registerHooks } from 'node:module';

registerHooks({
  load: (url, context, next) =>
    next(url, url.endsWith('.min.json') ? { ...context, importAttributes: { type: 'json' } } : context),
});

export const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import(
  '@actions/workflow-parser'
);
export const { parseAction } = await import('@actions/workflow-parser/actions/index');
