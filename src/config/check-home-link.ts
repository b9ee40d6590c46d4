import { formatPrefix, samePrefix } from '../bytes/prefix.ts';
import { checkPrefixes, type PlacedPrefix, PrefixIndex } from './check-addresses.ts';
import type { HomeAgentDocument } from './document.ts';
import { type Problems, shown } from './problems.ts';

/** MinRtrAdvInterval is at most this part of MaxRtrAdvInterval (RFC 4861 §6.2.1). */
const LARGEST_PART = 0.75;

/** What the schema cannot say of a home agent's physical home link and of what it sends there. */
export function checkHomeLink(
  { homeLink, prefixAdvertisements }: HomeAgentDocument,
  homePrefixes: readonly PlacedPrefix[],
  tunnelInterface: string | undefined,
  problems: Problems,
): void {
  atMost(
    { ...prefixAdvertisements },
    ['minimumIntervalSeconds', 'maximumIntervalSeconds'],
    1,
    'homeAgent.prefixAdvertisements',
    problems,
  );
  if (!homeLink) return;
  if (homeLink.interface !== undefined && homeLink.interface === tunnelInterface) {
    problems.add('homeAgent.homeLink.interface', `must differ from tunnel.interface, is ${shown(tunnelInterface)}`);
  }
  const onLink = checkPrefixes(homeLink.prefixes, 'homeAgent.homeLink.prefixes', problems);
  new PrefixIndex(onLink, problems);
  for (const { prefix, path } of onLink) {
    if (homePrefixes.some((home) => samePrefix(home.prefix, prefix))) continue;
    problems.add(path, `must be one of homeAgent.homePrefixes, is ${shown(formatPrefix(prefix))}`);
  }
  const advertise = { ...homeLink.advertise };
  const path = 'homeAgent.homeLink.advertise';
  atMost(advertise, ['minimumIntervalMs', 'maximumIntervalMs'], LARGEST_PART, path, problems);
  atMost(advertise, ['preferredLifetimeSeconds', 'validLifetimeSeconds'], 1, path, problems);
}

/** One number that may be as large as a part of another. */
function atMost(
  numbers: Readonly<Record<string, unknown>>,
  [smaller, larger]: readonly [string, string],
  part: number,
  path: string,
  problems: Problems,
): void {
  const value = numbers[smaller];
  const bound = numbers[larger];
  if (typeof value !== 'number' || typeof bound !== 'number' || value <= bound * part) return;
  const share = part === 1 ? larger : `${part} of ${larger}`;
  problems.add(`${path}.${smaller}`, `must be at most ${share} (${bound}), is ${value}`);
}
