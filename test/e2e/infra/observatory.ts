/**
 * What Mozilla's HTTP Observatory would say of a site that it cannot reach: its rules of 2024 that are about answers, with
 * its points. (Not here: whether the name is in the browsers' preload list, and whether the certificate is trusted.)
 */
import type { Answer } from './stack.ts';

export type Seen = {
  readonly host: string;
  /** By plain HTTP. */
  readonly plain: Answer;
  readonly page: Answer;
  /** Answers that set cookies. */
  readonly withCookies: readonly Answer[];
};

type Points = readonly [points: number, why: string];

/** Penalties, and the score that they and, from 90 on, the bonuses make; 100 is an A+. */
export function observe(seen: Seen): { readonly score: number; readonly penalties: readonly string[] } {
  const all = rules.map((rule) => rule(seen));
  const penalties = all.filter(([points]) => points < 0);
  const bonuses = all.filter(([points]) => points > 0);
  const sum = (rows: readonly Points[]): number => rows.reduce((total, [points]) => total + points, 0);
  const basic = 100 + sum(penalties);
  return { score: basic < 90 ? basic : basic + sum(bonuses), penalties: penalties.map(([, why]) => why) };
}

const header = ({ headers }: Answer, name: string): string => String(headers[name] ?? '');
const directives = (page: Answer): ReadonlyMap<string, readonly string[]> =>
  new Map(
    header(page, 'content-security-policy')
      .split(';')
      .map((part) => part.trim().split(/\s+/))
      .map(([name = '', ...sources]) => [name, sources]),
  );

const rules: readonly ((seen: Seen) => Points)[] = [
  ({ withCookies }) => {
    const cookies = withCookies.flatMap(({ headers }) => headers['set-cookie'] ?? []);
    if (cookies.length === 0) return [0, 'no cookies'];
    if (!cookies.every((cookie) => /; *secure/i.test(cookie))) return [-20, 'a cookie without Secure'];
    if (!cookies.every((cookie) => /; *httponly/i.test(cookie))) return [-30, 'a session cookie without HttpOnly'];
    if (!cookies.every((cookie) => /; *samesite=(lax|strict)/i.test(cookie))) return [-20, 'a cookie without SameSite'];
    return [5, 'cookies are Secure, HttpOnly and SameSite'];
  },
  ({ page }) => (header(page, 'access-control-allow-origin') === '' ? [0, 'no CORS'] : [-50, 'CORS']),
  ({ page }) => {
    const policy = directives(page);
    const of = (name: string): readonly string[] => policy.get(name) ?? policy.get('default-src') ?? ['*'];
    if (header(page, 'content-security-policy') === '') return [-25, 'no Content-Security-Policy'];
    const unsafe = /^('unsafe-(inline|eval)'|data:|https?:|\*|ftp:)$/;
    for (const name of ['script-src', 'object-src', 'style-src'])
      if (of(name).some((source) => unsafe.test(source))) return [-20, `Content-Security-Policy: unsafe ${name}`];
    for (const name of ['img-src', 'media-src', 'font-src', 'connect-src'])
      if (of(name).some((source) => /^(http:|ftp:|\*)/.test(source))) return [-10, `insecure ${name}`];
    if (!policy.has('base-uri') || !policy.has('form-action')) return [-20, 'base-uri or form-action is open'];
    return policy.get('default-src')?.join() === "'none'" ? [10, "default-src 'none'"] : [5, 'nothing unsafe'];
  },
  ({ page }) => {
    const age = Number(/^max-age=(\d+)/.exec(header(page, 'strict-transport-security'))?.[1] ?? 0);
    return age >= 15_768_000 ? [0, 'HSTS'] : [-20, 'HSTS for less than six months'];
  },
  ({ host, plain }) =>
    header(plain, 'location').startsWith(`https://${host}/`) ? [0, 'goes to HTTPS'] : [-20, 'stays on HTTP'],
  ({ page }) =>
    /^(no-referrer|same-origin|strict-origin|strict-origin-when-cross-origin)$/.test(header(page, 'referrer-policy'))
      ? [5, 'Referrer-Policy']
      : [-5, 'Referrer-Policy tells other sites too much'],
  ({ page }) =>
    [...page.body.toString().matchAll(/<script[^>]+src="([^"]+)"/g)].every(([, from = '']) => /^\/[^/]/.test(from))
      ? [0, 'scripts of its own']
      : [-5, 'scripts of other sites without a checksum'],
  ({ page }) =>
    header(page, 'x-content-type-options') === 'nosniff' ? [0, 'nosniff'] : [-5, 'no X-Content-Type-Options'],
  ({ page }) => {
    if (directives(page).has('frame-ancestors')) return [5, 'frame-ancestors'];
    return /^(DENY|SAMEORIGIN)$/.test(header(page, 'x-frame-options'))
      ? [0, 'X-Frame-Options']
      : [-20, 'may be framed'];
  },
  ({ page }) =>
    header(page, 'cross-origin-resource-policy') === 'same-origin'
      ? [10, 'Cross-Origin-Resource-Policy']
      : [0, 'no Cross-Origin-Resource-Policy'],
];
