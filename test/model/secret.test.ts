import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { Secret } from '../../src/model/secret.ts';

const secret = new Secret('hunter2');

it.each<readonly [string, (value: Secret) => string]>([
  ['a template', (value) => `${value}`],
  ['JSON', (value) => JSON.stringify({ value })],
  ['an inspected object', (value) => inspect({ value }, { showHidden: true })],
  ['an error', (value) => inspect(new Error(`failed with ${value}`, { cause: value }))],
  ['its keys and entries', (value) => Object.entries(value).join() + Reflect.ownKeys(value).map(String).join()],
])('a secret does not show in %s', (_, show) => {
  expect(show(secret)).not.toContain('hunter2');
});

it('a secret prints as stars', () => {
  expect([String(secret), JSON.stringify(secret), inspect(secret)]).toEqual(['***', '"***"', '***']);
});

it('a secret is told to whoever asks for it', () => {
  expect(secret.reveal()).toBe('hunter2');
});
