/** Whether a version is older than another one. `v2.26.1-4` is 2.26.1; what has no numbers is older than nothing. */
export function isBefore(version: string, other: string): boolean {
  const parts = numbersOf(version);
  for (const [index, needed] of numbersOf(other).entries()) {
    const part = parts[index] ?? 0;
    if (part !== needed) return part < needed;
  }
  return false;
}

const numbersOf = (version: string): readonly number[] => version.replace(/^v/, '').split(/[.+-]/).map(Number);
