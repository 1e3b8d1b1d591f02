import type { Report } from '../model/report.ts';
import { forecastJson } from './forecast.ts';
import { forecastMarkdown } from './plan-markdown.ts';

/** The output of `plan` and `status` in the requested format; empty if nothing became known. */
export function formatted({ status, forecast }: Report, format: string): string {
  if (forecast !== undefined && format === 'markdown') return `${forecastMarkdown(forecast)}\n`;
  const value = forecast === undefined ? status : forecastJson(forecast);
  return value === undefined ? '' : `${JSON.stringify(value, undefined, 2)}\n`;
}
