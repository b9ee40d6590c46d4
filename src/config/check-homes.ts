import type { Address } from '../bytes/address.ts';
import { formatPrefix, prefixContains } from '../bytes/prefix.ts';
import {
  checkAddress,
  checkDistinct,
  checkPrefix,
  checkPrefixes,
  type PlacedPrefix,
  PrefixIndex,
  shownAddress,
} from './check-addresses.ts';
import { checkIpv4Homes } from './check-ipv4.ts';
import type { HomeDocument, MobileRouterDocument, UplinkDocument } from './document.ts';
import { type Problems, shown } from './problems.ts';

/** A home as it stands in the document, and the path of its keys. */
interface PlacedHome {
  readonly home: HomeDocument;
  readonly path: string;
  readonly isShortForm: boolean;
}

/** The name of the home that stands directly in `mobileRouter`. */
export const ONLY_HOME = 'home';
/** Interface identifiers, from which the home agents' anycast address is made, have 64 bits (RFC 2526 §2). */
const LONGEST_HOME_PREFIX = 64;
const HOME_KEYS = [
  'homeAddress',
  'homeAgentAddress',
  'homeAgentIpv4Address',
  'homeAgentName',
  'ipv4',
  'homePrefix',
  'prefixes',
  'prefixMode',
  'homeLink',
] as const;

/** What the schema cannot say of a mobile router's homes. */
export function checkHomes(
  router: MobileRouterDocument,
  tunnelInterface: string | undefined,
  problems: Problems,
): void {
  const homes = placedHomes(router, problems);
  const networks: PlacedPrefix[] = [];
  const agents: { readonly address: Address; readonly path: string }[] = [];
  const homeAddresses: (Address | undefined)[] = [];
  for (const placed of homes) {
    const { homeAddress, agent } = checkHome(placed, tunnelInterface, problems);
    homeAddresses.push(homeAddress);
    if (agent !== undefined) agents.push({ address: agent, path: `${placed.path}.homeAgentAddress` });
    networks.push(...checkPrefixes(placed.home.prefixes, `${placed.path}.prefixes`, problems));
  }
  const inVehicle = new PrefixIndex(networks, problems);
  for (const { address, path } of agents) {
    const around = inVehicle.find(address);
    if (around) problems.add(path, `must lie outside ${around.path}, is ${shownAddress(address)}`);
  }
  checkIpv4Homes(homes, problems);
  checkDistinct(homeAddresses, (index) => `${homes[index]!.path}.homeAddress`, shownAddress, problems);
  checkDistinct(
    homes.map(({ home, isShortForm }) => (isShortForm ? undefined : home.name)),
    (index) => `${homes[index]!.path}.name`,
    shown,
    problems,
  );
}

/** The names of an uplink's care-of addresses: its own, then those of the link's further prefixes. */
export function careOfNames({ name, careOfAddresses = 1 }: UplinkDocument): string[] {
  if (name === undefined) return [];
  return Array.from({ length: careOfAddresses }, (_, index) => (index === 0 ? name : `${name}.${index + 1}`));
}

/** Each has a routing table of its own. */
const MOST_CARE_OF_ADDRESSES = 32;

/** Whom a home names as its uplinks: known ones only, each once, and never in a circle. */
export function checkHomeUplinks(
  router: MobileRouterDocument,
  uplinks: readonly (UplinkDocument | undefined)[],
  problems: Problems,
): void {
  const homes = router.homes ?? [];
  const uplinkNames = uplinks.map((uplink) => uplink?.name);
  const all = uplinks.flatMap((uplink) => (uplink ? careOfNames(uplink) : []));
  const homeLinks = router.homes ? router.homes.filter((home) => home?.homeLink).length : router.homeLink ? 1 : 0;
  if (all.length + homeLinks > MOST_CARE_OF_ADDRESSES)
    problems.add(
      'mobileRouter.uplinks',
      `must have at most ${MOST_CARE_OF_ADDRESSES} care-of addresses and home links in all, has ${all.length + homeLinks}`,
    );
  else if (new Set(all).size < all.length && new Set(uplinkNames).size === uplinkNames.length)
    problems.add('mobileRouter.uplinks', 'must leave names such as wifi.2 to the further care-of addresses of wifi');
  const homeNames = homes.map((home) => home?.name);
  for (const [index, home] of homes.entries()) {
    const path = `mobileRouter.homes[${index}]`;
    if (home?.name !== undefined && uplinkNames.includes(home.name))
      problems.add(`${path}.name`, `must differ from the uplinks' names, is ${shown(home.name)}`);
    checkDistinct(home?.uplinks ?? [], (at) => `${path}.uplinks[${at}]`, shown, problems);
    for (const [at, name] of (home?.uplinks ?? []).entries()) {
      if (name === undefined || uplinkNames.includes(name)) continue;
      const known = [...uplinkNames, ...homeNames].filter((other) => other !== undefined && other !== home?.name);
      if (!homeNames.includes(name))
        problems.add(`${path}.uplinks[${at}]`, `must be one of ${known.join(', ')}, is ${shown(name)}`);
      else if (leadsTo(homes, name, home?.name))
        problems.add(
          `${path}.uplinks[${at}]`,
          `must not lead back to ${shown(home?.name)}: two home addresses cannot carry each other, is ${shown(name)}`,
        );
    }
  }
}

function leadsTo(homes: readonly (HomeDocument | undefined)[], from: string, target: string | undefined): boolean {
  const visited = new Set<string>();
  const open = [from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === target) return true;
    if (visited.has(name)) continue;
    visited.add(name);
    const home = homes.find((candidate) => candidate?.name === name);
    for (const next of home?.uplinks ?? []) if (next !== undefined) open.push(next);
  }
  return false;
}

function placedHomes(router: MobileRouterDocument, problems: Problems): PlacedHome[] {
  if (router.homes === undefined && !problems.has('mobileRouter.homes')) {
    const { uplinks: _, ...home } = router;
    return [{ home, path: 'mobileRouter', isShortForm: true }];
  }
  for (const key of HOME_KEYS)
    if (router[key] !== undefined)
      problems.add(`mobileRouter.${key}`, 'must stand in the homes, where mobileRouter.homes is given');
  return (router.homes ?? []).flatMap((home, index) =>
    home ? [{ home, path: `mobileRouter.homes[${index}]`, isShortForm: false }] : [],
  );
}

function checkHome(
  { home, path, isShortForm }: PlacedHome,
  tunnelInterface: string | undefined,
  problems: Problems,
): { readonly homeAddress: Address | undefined; readonly agent: Address | undefined } {
  if (home.homeAddress === undefined) problems.add(`${path}.homeAddress`, 'must be an IPv6 address, is missing');
  if (home.prefixes === undefined && isShortForm)
    problems.add(`${path}.prefixes`, 'must be a list of 1 to 64 IPv6 prefixes, is missing');
  if (home.homeAgentAddress === undefined && home.homePrefix === undefined && home.homeAgentName === undefined)
    problems.add(
      `${path}.homeAgentAddress`,
      `must be an IPv6 address, is missing, and so are ${path}.homePrefix to look for an agent in and homeAgentName`,
    );
  const homeAddress = checkAddress(home.homeAddress, `${path}.homeAddress`, problems);
  const agent = checkAddress(home.homeAgentAddress, `${path}.homeAgentAddress`, problems);
  if (agent !== undefined && agent === homeAddress)
    problems.add(`${path}.homeAgentAddress`, `must differ from ${path}.homeAddress, is ${shownAddress(agent)}`);
  checkHomePrefix(home, path, homeAddress, problems);
  if (home.homeLink?.interface !== undefined && home.homeLink.interface === tunnelInterface)
    problems.add(
      `${path}.homeLink.interface`,
      `must differ from tunnel.interface, is ${shown(home.homeLink.interface)}`,
    );
  return { homeAddress, agent };
}

function checkHomePrefix(home: HomeDocument, path: string, homeAddress: Address | undefined, problems: Problems): void {
  const placed = checkPrefix(home.homePrefix, `${path}.homePrefix`, problems);
  if (home.homeLink && home.homePrefix === undefined && !problems.has(`${path}.homePrefix`))
    problems.add(`${path}.homePrefix`, `must be given with ${path}.homeLink, is missing`);
  if (!placed) return;
  const { prefix } = placed;
  if (prefix.length > LONGEST_HOME_PREFIX)
    problems.add(placed.path, `must have at most ${LONGEST_HOME_PREFIX} bits, is ${shown(formatPrefix(prefix))}`);
  if (homeAddress !== undefined && !prefixContains(prefix, homeAddress))
    problems.add(
      `${path}.homeAddress`,
      `must lie in ${path}.homePrefix (${formatPrefix(prefix)}), is ${shownAddress(homeAddress)}`,
    );
}
