import type { Report } from '../model/report.ts';
import { forecastJson } from './forecast.ts';
import { forecastMarkdown } from './plan-markdown.ts';

/** What `plan` and `status` answer in the form that was asked for; empty when nothing became known. */
export function formatted({ status, forecast }: Report, format: string): string {
  if (forecast !== undefined && format === 'markdown') return `${forecastMarkdown(forecast)}\n`;
  const value = forecast === undefined ? status : forecastJson(forecast);
  return value === undefined ? '' : `${JSON.stringify(value, undefined, 2)}\n`;
}
