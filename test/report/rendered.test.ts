/** What GitHub makes of our Markdown: by a renderer of its dialect and its rules for HTML, and by Mermaid itself. */
import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changesOn, failureOf, releaseOf, reportOf, switchOf } from '../../fixtures/builders.ts';
import { htmlOf, mermaidFile } from '../../scripts/pictures/github.ts';
import type { StepReport } from '../../src/model/report.ts';
import { gantt } from '../../src/report/gantt.ts';
import { details, inline, paragraph, table } from '../../src/report/markdown.ts';
import { summary } from '../../src/report/summary.ts';

const marks = fc.oneof(
  fc.constantFrom(
    ...[
      '|',
      '\\',
      '\\|',
      '`',
      '``',
      '```',
      '*',
      '**',
      '_',
      '__',
      '~',
      '~~',
      '#',
      '- ',
      '> ',
      '1. ',
      '!',
      '[',
      ']',
      '(x)',
    ],
    ...['</details>', '<script>', '<img src=x>', '<!--', '-->', '&lt;', '&amp', '<b', '</summary>', '{{', '%%{', ':::'],
    ...['![x](/a.png)', '[x](javascript:alert(1))', '\\[x](/y)', '[x]: /y', '[^1]', '@everyone', '@a/b'],
    ...['section', 'click', 'title', 'done', ' ', ':', ',', ';'],
  ),
  fc.string({ maxLength: 8 }),
);
/** GitHub makes links of these by itself, and takes what follows as part of them. */
const links = fc.constantFrom(
  'https://evil.example',
  '<https://evil.example>',
  'www.evil.example',
  'a@b.c',
  '![x](https://a.b/c.png)',
);
const wordsOf = (part: fc.Arbitrary<string>) =>
  fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
const words = wordsOf(marks);
const anyWords = wordsOf(fc.oneof({ weight: 5, arbitrary: marks }, { weight: 1, arbitrary: links }));
const lines = wordsOf(fc.oneof(anyWords, fc.constantFrom('\n', '\r\n', '\n\n', '\r')));

/** What a person reads, without what only keeps others from being mentioned. */
const readable = (html: string): string =>
  html
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&#x([\dA-Fa-f]+);/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replaceAll('\u200b', '')
    .replaceAll(/\s+/g, ' ')
    .trim();
const tags = (html: string): readonly string[] => [...html.matchAll(/<(\w+)/g)].map(([, name = '']) => name);
/** Without code and links, in which GitHub mentions nobody. */
const outsideCode = (html: string): string => html.replaceAll(/<(code|a)\b[^>]*>.*?<\/\1>/gs, ' ');

describe('on GitHub, a text of somebody else', () => {
  it.each([
    ['in a line', (text: string) => `Said: ${inline(text)}`, ['p']],
    ['in a list', (text: string) => `- Said: ${inline(text)}`, ['ul', 'li']],
    [
      'in a table',
      (text: string) => table(['a'], [[`Said: ${text}`]]),
      ['table', 'thead', 'tr', 'th', 'tbody', 'tr', 'td'],
    ],
    ['in the title of what is folded', (text: string) => details(`Said: ${text}`, ''), ['details', 'summary']],
  ] as const)('is read as it is %s, and makes no element', (_, markdown, elements) => {
    fc.assert(
      fc.property(words, (text) => {
        const html = htmlOf(markdown(text));
        expect(tags(html).filter((tag) => tag !== 'code' && tag !== 'a')).toEqual(elements);
        const [, seen] = /Said: ?(.*)$/s.exec(readable(html)) ?? [];
        const plain = text.replaceAll(/`([^`]+)`/g, '$1');
        expect(seen?.replaceAll(/[\s`]/g, '')).toBe(plain.replaceAll(/[\s`]/g, ''));
        expect(outsideCode(html)).not.toMatch(/@\w/);
      }),
      { numRuns: 1000, examples: [['@`everyone`']] },
    );
  });

  it('is a paragraph where a line begins with it', () => {
    fc.assert(
      fc.property(words, (text) => {
        fc.pre(text.trim() !== '');
        const html = htmlOf(paragraph(text));
        expect(tags(html).filter((tag) => tag !== 'code' && tag !== 'a')).toEqual(['p']);
        const plain = text.replaceAll(/`([^`]+)`/g, '$1');
        expect(readable(html).replaceAll(/[\s`]/g, '')).toBe(plain.replaceAll(/[\s`]/g, ''));
      }),
      { numRuns: 1000, examples: [['---'], ['1) x'], ['    x'], ['+ x'], ['# x'], ['> x']] },
    );
  });

  it('that is a URL leads where it says', () => {
    const url = 'https://www.example.com/_next/~me/*?a_=1#top';
    expect(htmlOf(inline(`See ${url}`))).toBe(`<p>See <a href="${url}">${url}</a></p>`);
  });

  it('makes no element of a summary, wherever it comes from', () => {
    /** Each of them wherever there may be several, and the first one where there is one. */
    const report = (texts: readonly string[]) => {
      const changes = texts.map(
        (text) => ({ service: text, action: 'keep', reasons: [{ kind: 'key', name: text }] }) as const,
      );
      const failures = texts.flatMap((text) => [
        failureOf(`web1: ${text}`, { hint: text }),
        failureOf(`web2: ${text}\n${text}`),
      ]);
      const [first = ''] = texts;
      return reportOf({
        outcome: 'failed',
        failures,
        commit: { subject: first, author: first },
        plan: switchOf({ hosts: [changesOn('web1', changes)] }),
        backup: first,
        release: releaseOf(),
        steps: texts.map((text) => stepOf(text, text)),
      });
    };
    const many = 5;
    const mention = '%@https://evil.example__https://evil.exampleShP}.Bm\n\n![x](https://a.b/c.png)';
    const plain = tags(htmlOf(summary(report(Array.from({ length: many }, (_, n) => `x${n}\ny`)))));
    fc.assert(
      fc.property(fc.array(lines, { minLength: many, maxLength: many }), (texts) => {
        const html = htmlOf(summary(report(texts.map((text, n) => `x${n}\n${text}`))));
        // What follows a URL may still make emphasis.
        const without = (all: readonly string[]) =>
          all.filter((tag) => !['code', 'a', 'em', 'strong', 'del'].includes(tag));
        expect(without(tags(html))).toEqual(without(plain));
        expect(outsideCode(html)).not.toMatch(/@\w/);
      }),
      { numRuns: 200, examples: [[Array.from({ length: many }, () => mention)]] },
    );
  });
});

type Mermaid = { readonly parse: (text: string) => Promise<{ readonly diagramType: string }> };
const context: { mermaid?: Mermaid } = {};
runInContext(
  readFileSync(mermaidFile, 'utf8'),
  createContext(Object.assign(context, { setTimeout, structuredClone, URL })),
);

const stepOf = (host: string, stage: string, started = 0): StepReport => ({
  ...{ id: 'x', title: 'x', changes: false, outcome: 'done', seconds: 1 },
  ...{ host, stage, started },
});

describe('a chart', () => {
  it('is one that Mermaid reads, whatever hosts and stages are called', async () => {
    const property = fc.asyncProperty(
      // Many at once: most of the time is spent on a chart as such.
      fc.array(fc.tuple(words, words), { minLength: 10, maxLength: 15 }),
      async (names) => {
        const chart = gantt(names.map(([host, stage], index) => stepOf(host, stage, index * 5000))) ?? '';
        const [, text = ''] = /^```mermaid\n(.*)\n```$/s.exec(chart) ?? [];
        expect(await context.mermaid?.parse(text)).toMatchObject({ diagramType: 'gantt' });
      },
    );
    await fc.assert(property, { numRuns: 200 });
  });
});
