export function bytes(count) {
  if (count === null) return "";
  const unit = ["B", "kB", "MB"].findLast((_, power) => count >= 1000 ** power) ?? "B";
  const value = count / { B: 1, kB: 1e3, MB: 1e6 }[unit];
  return `${value.toFixed(unit === "B" ? 0 : 1)} ${unit}`;
}
