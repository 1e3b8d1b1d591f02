/** What Compose and BuildKit print while they are at it, and that the next line about the same thing makes superfluous. */
const patterns: readonly RegExp[] = [
  // Compose: `Container shop-web-1  Waiting`. What became of it follows.
  /^\s*(Container|Network|Volume) \S+ +(Waiting|Starting|Creating|Stopping|Removing|Running)\s*$/,
  // Compose, when it is asked for some services only: what goes is in our plan, and goes when it is no longer asked for.
  /^\S+ level=warning msg="Found orphan containers \(/,
  // BuildKit: how far a download or an upload is, how long a step took, and the parts of the definition that it reads.
  /^#\d+ (sha256:\S+ .*|extracting \S+.*|transferring \S+: .*|DONE [\d.]+s|CACHED|\.\.\.|preparing layers for inline cache.*)$/,
  /^#\d+ \[[^\]]*internal\] .*$/,
  /^#0 building with .*$/,
  /^#\d+ (reading \S+ .* done|pushing layer \S+.*)$/,
  /^#\d+ (exporting|writing|naming|pushing|resolving|resolve) (layers|manifest|config|to|image|\S+@sha256).*$/,
];

/** What each docker command prints if it cannot read its configuration. The check of a server has said it once. */
export const isConfigWarning = (line: string): boolean => /^WARNING: Error \w+ config file\b/.test(line);

/** Whether a line only reports progress. */
export const isChatter = (line: string): boolean => patterns.some((pattern) => pattern.test(line));
