/** Markdown as GitHub shows it: GitHub's own dialect, its rules for HTML, its style, and Mermaid for charts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { rehype } from 'rehype';
import rehypeSanitize, { defaultSchema } from 'rehype-sanitize';

const packages = join(import.meta.dirname, '../../node_modules');
/** A real Mermaid, as a script for browsers. */
export const mermaidFile = join(packages, '@mermaid-js/tiny/dist/mermaid.tiny.js');
const styleFile = join(packages, 'github-markdown-css/github-markdown-light.css');

/** The HTML that is left after GitHub's rules. */
export function htmlOf(markdown: string): string {
  const html = micromark(markdown, { allowDangerousHtml: true, extensions: [gfm()], htmlExtensions: [gfmHtml()] });
  return String(rehype().data('settings', { fragment: true }).use(rehypeSanitize, defaultSchema).processSync(html));
}

/** Charts are drawn while all is open: they take their width from what is around them. */
const script = `
const charts = [...document.querySelectorAll('pre > code.language-mermaid')].map(({ parentElement, textContent }) => {
  const chart = Object.assign(document.createElement('div'), { className: 'chart', textContent });
  parentElement.replaceWith(chart);
  return chart;
});
const open = (is) => document.querySelectorAll('details').forEach((each) => each.toggleAttribute('open', is(each)));
open(() => true);
mermaid.initialize({ startOnLoad: false });
mermaid.run({ nodes: charts }).catch((error) => { document.title = String(error); }).then(() => {
  open(({ firstElementChild }) => shown.includes(firstElementChild.textContent));
  document.body.dataset.height = Math.ceil(document.body.getBoundingClientRect().height);
});`;

/** @param shown what is unfolded, by its title: the rest is as GitHub shows it first */
export function pageOf(markdown: string, width: number, shown: readonly string[] = []): string {
  return `<!doctype html><meta charset="utf-8"><style>${readFileSync(styleFile, 'utf8')}
body { box-sizing: border-box; width: ${width}px; margin: 0; padding: 24px 32px; } .chart { text-align: center; }</style>
<body class="markdown-body">${htmlOf(markdown)}
<script>${readFileSync(mermaidFile, 'utf8')}</script>
<script>const shown = ${JSON.stringify(shown)};${script}</script>`;
}
