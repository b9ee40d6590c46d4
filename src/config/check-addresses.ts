import {
  type Address,
  addressToBytes,
  formatAddress,
  isIpv6,
  isUnicastRoutable,
  parseAddress,
} from '../bytes/address.ts';
import { formatPrefix, type Prefix, parsePrefix, prefixContains, prefixOf } from '../bytes/prefix.ts';
import { type Problems, shown } from './problems.ts';

/** A prefix and the key that it stands under. */
export interface PlacedPrefix {
  readonly prefix: Prefix;
  readonly path: string;
}

export type Family = 'IPv6' | 'IPv4';

/** What a prefix looks like, the shortest one, and which addresses are good. */
const FAMILIES = {
  IPv6: { example: '2001:db8:1::/48', shortest: 3, scope: ' of global or unique local scope' },
  IPv4: { example: '198.51.100.0/24', shortest: 1, scope: '' },
} as const;

/** An address that packets can come from and go to (RFC 6275 §4.6), or a problem. */
export function checkAddress(
  text: string | undefined,
  path: string,
  problems: Problems,
  family: Family = 'IPv6',
): Address | undefined {
  if (text === undefined) return undefined;
  const address = parseAddress(text);
  if (address === undefined || isIpv6(address) !== (family === 'IPv6'))
    problems.add(path, `must be an ${family} address, is ${shown(text)}`);
  else if (isUnicastRoutable(address)) return address;
  else problems.add(path, `must be a unicast address${FAMILIES[family].scope}, is ${shown(text)}`);
  return undefined;
}

/** A prefix of such addresses, or a problem. */
export function checkPrefix(
  text: string | undefined,
  path: string,
  problems: Problems,
  family: Family = 'IPv6',
): PlacedPrefix | undefined {
  if (text === undefined) return undefined;
  const [addressText = '', lengthText = ''] = text.split('/');
  const address = parseAddress(addressText);
  const length = Number(lengthText);
  const { example, shortest, scope } = FAMILIES[family];
  const longest = family === 'IPv6' ? 128 : 32;
  const isOfFamily = address !== undefined && address.length * 8 === longest;
  if (!isOfFamily || !/^\d{1,3}$/.test(lengthText) || length < shortest || length > longest)
    problems.add(
      path,
      `must be an ${family} prefix such as ${example}, of ${shortest} to ${longest} bits, is ${shown(text)}`,
    );
  else {
    const prefix = parsePrefix(text);
    if (!prefix)
      problems.add(path, `must have no bits behind its length: ${formatPrefix(prefixOf(address, length))}, is ${text}`);
    else if (!isUnicastRoutable(prefix.address) || !isUnicastRoutable(lastAddress(prefix)))
      problems.add(path, `must be a prefix of unicast addresses${scope}, is ${shown(text)}`);
    else return { prefix, path };
  }
  return undefined;
}

export function checkPrefixes(
  texts: readonly (string | undefined)[] | undefined,
  path: string,
  problems: Problems,
  family?: Family,
): PlacedPrefix[] {
  const checked = (texts ?? []).map((text, index) => checkPrefix(text, `${path}[${index}]`, problems, family));
  return checked.filter((placed) => placed !== undefined);
}

/** Finds which of many prefixes holds an address: one look-up per prefix length in use. */
export class PrefixIndex {
  readonly #byLength = new Map<number, Map<Address, PlacedPrefix>>();

  /**
   * An index of prefixes that must not overlap: of two that do, the longer one (else the later one) is a problem and
   * stays out.
   */
  constructor(prefixes: readonly PlacedPrefix[], problems: Problems) {
    for (const placed of [...prefixes].sort((a, b) => a.prefix.length - b.prefix.length)) {
      const { prefix, path } = placed;
      const other = this.find(prefix.address);
      if (other) {
        const with_ = `${other.path} (${formatPrefix(other.prefix)})`;
        problems.add(path, `must not overlap ${with_}, is ${shown(formatPrefix(prefix))}`);
        continue;
      }
      const ofLength = this.#byLength.get(prefix.length) ?? new Map<Address, PlacedPrefix>();
      this.#byLength.set(prefix.length, ofLength);
      ofLength.set(prefix.address, placed);
    }
  }

  find(address: Address): PlacedPrefix | undefined {
    for (const [length, prefixes] of this.#byLength) {
      const found = prefixes.get(prefixOf(address, length).address);
      if (found && prefixContains(found.prefix, address)) return found;
    }
    return undefined;
  }
}

/** Reports the second and later ones of equal values under a key; `undefined` values are left out. */
export function checkDistinct<T>(
  values: readonly (T | undefined)[],
  path: (index: number) => string,
  text: (value: T) => string,
  problems: Problems,
): void {
  const first = new Map<T, number>();
  for (const [index, value] of values.entries()) {
    if (value === undefined) continue;
    const other = first.get(value);
    if (other === undefined) first.set(value, index);
    else problems.add(path(index), `must differ from ${path(other)}, is ${text(value)}`);
  }
}

export function shownAddress(address: Address): string {
  return shown(formatAddress(address));
}

function lastAddress(prefix: Prefix): Address {
  const bytes = addressToBytes(prefix.address);
  for (let bit = prefix.length; bit < bytes.length * 8; bit++) bytes[bit >> 3] = bytes[bit >> 3]! | (0x80 >> (bit & 7));
  return String.fromCharCode(...bytes) as Address;
}
