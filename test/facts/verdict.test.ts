import { describe, expect, it } from 'vitest';
import { containerOf, digest, releaseOf } from '../../fixtures/builders.ts';
import { answerVerdict, servicesVerdict } from '../../src/facts/verdict.ts';
import type { Container } from '../../src/model/state.ts';

const images = { web: releaseOf().images['web'] ?? '' };
const now = Date.parse('2026-02-03T05:00:00Z') / 1000;
const secondsAgo = (seconds: number): string => new Date((now - seconds) * 1000).toISOString();
const verdictOf = (...containers: readonly Container[]) =>
  servicesVerdict({ images, settleSeconds: 5 }, containers, now);
const other = `registry.example.com/shop-web@${digest('9')}`;

it('of an image that is not known is judged without it', () => {
  const wanted = { images: { web: '' }, settleSeconds: 5 };
  expect(servicesVerdict(wanted, [containerOf({ image: other })], now).kind).toBe('good');
  expect(servicesVerdict(wanted, [containerOf({ status: 'exited', exitCode: 1 })], now).kind).toBe('bad');
});

describe('a container', () => {
  it.each<readonly [string, Partial<Container>, string, string]>([
    ['that has run long enough is good', {}, 'good', '1 containers are as planned'],
    [
      'that is healthy is good at once',
      { health: 'healthy', startedAt: secondsAgo(1) },
      'good',
      '1 containers are as planned',
    ],
    ['that completed well is good', { status: 'exited' }, 'good', '1 containers are as planned'],
    [
      'that has ended although it has a port is bad',
      { status: 'exited', publishes: true },
      'bad',
      'web has ended (exit code 0), but it publishes a port, so it should keep running',
    ],
    [
      'that was restarted long ago is good',
      { restarts: 3, startedAt: secondsAgo(15) },
      'good',
      '1 containers are as planned',
    ],
    [
      'that has just started settles',
      { startedAt: secondsAgo(4.9) },
      'wait',
      'web is up, waiting to see whether it stays up',
    ],
    ['that settled is good', { startedAt: secondsAgo(5) }, 'good', '1 containers are as planned'],
    ['that starts by its healthcheck is waited for', { health: 'starting' }, 'wait', 'web is starting'],
    ['that was only created is waited for', { status: 'created' }, 'wait', 'web is created'],
    ['that is paused is waited for', { status: 'paused' }, 'wait', 'web is paused'],
    ['that is being removed is waited for', { status: 'removing' }, 'wait', 'web is removing'],
    [
      'that is restarted until its database is there is waited for',
      { status: 'restarting', restarts: 2, exitCode: 1 },
      'wait',
      'web is restarting (exit code 1)',
    ],
    [
      'that was restarted twice and is healthy now is good',
      { restarts: 2, health: 'healthy', startedAt: secondsAgo(1) },
      'good',
      '1 containers are as planned',
    ],
    [
      'that was restarted once and ended well is good',
      { status: 'exited', restarts: 1, exitCode: 0 },
      'good',
      '1 containers are as planned',
    ],
    [
      'that could not start is bad',
      { status: 'created', error: 'port is taken' },
      'bad',
      'web did not start: port is taken',
    ],
    ['that ended badly is bad', { status: 'exited', exitCode: 3 }, 'bad', 'web exited with code 3'],
    ['that was killed is bad', { status: 'dead', exitCode: 137 }, 'bad', 'web exited with code 137'],
    [
      'that ran out of memory is bad, and why',
      { status: 'exited', exitCode: 137, oomKilled: true },
      'bad',
      'web exited with code 137, killed: out of memory',
    ],
    [
      'that keeps restarting is bad',
      { status: 'restarting', restarts: 3, exitCode: 1 },
      'bad',
      'web keeps restarting (exit code 1)',
    ],
    [
      'that keeps restarting for want of memory is bad, and why',
      { status: 'restarting', restarts: 3, exitCode: 137, oomKilled: true },
      'bad',
      'web keeps restarting (exit code 137, killed: out of memory)',
    ],
    [
      'that was restarted has to run for longer to be believed',
      { restarts: 3, startedAt: secondsAgo(14) },
      'wait',
      'web is up, waiting to see whether it stays up',
    ],
    [
      'that was restarted and is healthy now is good, however often',
      { restarts: 9, health: 'healthy', startedAt: secondsAgo(1) },
      'good',
      '1 containers are as planned',
    ],
    ['that is unhealthy is bad', { health: 'unhealthy' }, 'bad', 'web is unhealthy'],
    [
      'of another image is bad',
      { image: other, health: 'healthy' },
      'bad',
      `web is running ${other}, expected ${images.web}`,
    ],
    [
      'by the tag of its image is bad',
      { image: 'shop-web:latest' },
      'bad',
      `web is running shop-web:latest, expected ${images.web}`,
    ],
  ])('%s', (_, overrides, kind, says) => {
    expect(verdictOf(containerOf(overrides))).toMatchObject({ kind, says });
  });

  it('that is not good is reported, so that its log can be shown', () => {
    const container = containerOf({ health: 'unhealthy' });
    expect(verdictOf(container)).toMatchObject({ container });
    expect(verdictOf(containerOf({ status: 'created' }))).toMatchObject({ container: { status: 'created' } });
  });
});

describe('the services of a release', () => {
  it('need a container each', () => {
    expect(verdictOf()).toEqual({ kind: 'wait', says: 'web has no container' });
  });

  it('are not those of a one-off container, of another service or of nobody', () => {
    const strangers = [containerOf({ oneOff: true }), containerOf({ service: 'worker' }), containerOf({ service: '' })];
    expect(verdictOf(...strangers)).toEqual({ kind: 'wait', says: 'web has no container' });
  });

  it('are not spoilt by a one-off container or another service', () => {
    const strangers = [
      containerOf({ oneOff: true, status: 'exited', exitCode: 1 }),
      containerOf({ service: 'x', health: 'unhealthy' }),
    ];
    expect(verdictOf(containerOf(), ...strangers).kind).toBe('good');
  });

  it('are good when all their containers are', () => {
    expect(verdictOf(containerOf(), containerOf({ name: 'shop-web-2' }))).toEqual({
      kind: 'good',
      says: '2 containers are as planned',
      notes: [],
    });
  });

  it('are bad when one container is, whatever the others are', () => {
    const all = [containerOf({ health: 'starting' }), containerOf({ health: 'unhealthy' }), containerOf()];
    expect(verdictOf(...all)).toMatchObject({ kind: 'bad', says: 'web is unhealthy' });
  });

  it('are bad for the new container that is, before one that is still the old one', () => {
    const all = [containerOf({ image: other }), containerOf({ status: 'exited', exitCode: 1 })];
    expect(verdictOf(...all)).toMatchObject({ kind: 'bad', says: 'web exited with code 1' });
  });

  it('report all that is waited for', () => {
    const all = { ...images, cache: releaseOf().images['cache'] ?? '', api: other };
    const containers = [containerOf({ health: 'starting' }), containerOf({ service: 'cache', status: 'created' })];
    expect(servicesVerdict({ images: all, settleSeconds: 5 }, containers, now)).toMatchObject({
      kind: 'wait',
      says: 'web is starting, cache is created, api has no container',
    });
  });

  it('are not all named where there are many', () => {
    const saysOf = (count: number): string => {
      const all = Object.fromEntries(Array.from({ length: count }, (_, n) => [`s${n}`, 'image']));
      return servicesVerdict({ images: all, settleSeconds: 5 }, [], now).says;
    };
    expect(saysOf(6)).toMatch(/^s0 has no container, .*, s5 has no container$/);
    expect(saysOf(200)).toMatch(/^s0 has no container, .*, s4 has no container, and 195 more$/);
  });

  it('are good when there are none', () => {
    expect(servicesVerdict({ images: {}, settleSeconds: 5 }, [], now).kind).toBe('good');
  });
});

describe('an answer', () => {
  it.each([
    [200, 'good', 'answers 200'],
    [204, 'good', 'answers 204'],
    [302, 'good', 'answers 302'],
    [399, 'good', 'answers 399'],
    [199, 'wait', 'answers 199'],
    [400, 'wait', 'answers 400'],
    [503, 'wait', 'answers 503'],
    ['does not answer: connect ECONNREFUSED', 'wait', 'does not answer: connect ECONNREFUSED'],
  ])('of %s is %s', (status, kind, says) => {
    expect(answerVerdict(status)).toEqual({ kind, says });
  });
});

describe('an application that comes with its database', () => {
  const restarting = { status: 'restarting', exitCode: 1, restarts: 9 } as const;
  const patient = (...containers: readonly Container[]) =>
    servicesVerdict({ images, settleSeconds: 5, patient: true }, containers, now);

  it('may end until the database answers', () => {
    expect(verdictOf(containerOf(restarting)).kind).toBe('bad');
    expect(patient(containerOf(restarting))).toMatchObject({ kind: 'wait', says: 'web is restarting (exit code 1)' });
    expect(patient(containerOf({ restarts: 9, startedAt: secondsAgo(15) })).kind).toBe('good');
  });

  it('may not end for good', () => {
    expect(patient(containerOf({ status: 'exited', exitCode: 1 })).kind).toBe('bad');
  });
});

describe('a service that others wait for until it has completed', () => {
  const all = { ...images, init: other };
  const completes = (init: Partial<Container>, web: Partial<Container> = {}) => {
    const containers = [containerOf({ service: 'init', image: other, ...init }), containerOf(web)];
    return servicesVerdict({ images: all, settleSeconds: 5, completes: ['init'] }, containers, now);
  };

  it('is waited for by name, before what waits for it', () => {
    expect(completes({}, { status: 'created' })).toMatchObject({
      kind: 'wait',
      says: 'init has not completed yet, web is created',
      container: { service: 'init' },
    });
    expect(completes({ status: 'exited' }).kind).toBe('good');
  });
});
