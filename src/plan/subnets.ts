/** Whether two subnets have addresses in common, e.g. `10.0.0.0/8` and `10.1.0.0/16`. For IPv6, whether they are the same. */
export function overlap(a: string, b: string): boolean {
  const [one, other] = [rangeOf(a), rangeOf(b)];
  if (one === undefined || other === undefined) return a.toLowerCase() === b.toLowerCase();
  return one.first <= other.last && other.first <= one.last;
}

function rangeOf(subnet: string): { readonly first: number; readonly last: number } | undefined {
  const [, address = '', bits = ''] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(subnet) ?? [];
  if (address === '') return undefined;
  const size = 2 ** (32 - Number(bits));
  const number = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const first = number - (number % size);
  return { first, last: first + size - 1 };
}
