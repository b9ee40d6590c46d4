import { type Address, parseAddress } from '../bytes/address.ts';
import { formatPrefix } from '../bytes/prefix.ts';
import {
  checkAddress,
  checkDistinct,
  checkPrefixes,
  type PlacedPrefix,
  PrefixIndex,
  shownAddress,
} from './check-addresses.ts';
import type { HomeAgentDocument, HomeDocument, MobileRouterDocument, UplinkDocument } from './document.ts';
import { Problems, shown } from './problems.ts';

/** A home as it stands in the document, and the path of its keys. */
interface PlacedHome {
  readonly home: HomeDocument;
  readonly path: string;
}

/** What of IPv4 the schema cannot say of a mobile router's homes. */
export function checkIpv4Homes(homes: readonly PlacedHome[], problems: Problems): void {
  const networks: PlacedPrefix[] = [];
  const agents = homes.map(({ home, path }) =>
    checkAddress(home.homeAgentIpv4Address, `${path}.homeAgentIpv4Address`, problems, 'IPv4'),
  );
  const homeAddresses = homes.map(({ home: { ipv4 }, path }, index) => {
    if (!ipv4) return undefined;
    const { homeAddress: text, prefixes, requestPrefixLength } = ipv4;
    const isEmpty = text === undefined && requestPrefixLength === undefined && !prefixes?.length;
    const isBroken = ['homeAddress', 'prefixes', 'requestPrefixLength'].some((key) =>
      problems.has(`${path}.ipv4.${key}`),
    );
    if (isEmpty && !isBroken)
      problems.add(`${path}.ipv4`, 'must have homeAddress, prefixes or requestPrefixLength, has none');
    networks.push(...checkPrefixes(prefixes, `${path}.ipv4.prefixes`, problems, 'IPv4'));
    if (text === 'dynamic') return undefined;
    const homeAddress = checkAddress(text, `${path}.ipv4.homeAddress`, problems, 'IPv4');
    if (homeAddress !== undefined && homeAddress === agents[index])
      problems.add(
        `${path}.ipv4.homeAddress`,
        `must differ from ${path}.homeAgentIpv4Address, is ${shownAddress(homeAddress)}`,
      );
    return homeAddress;
  });
  checkDistinct(homeAddresses, (index) => `${homes[index]!.path}.ipv4.homeAddress`, shownAddress, problems);
  const inVehicle = new PrefixIndex(networks, problems);
  for (const [index, agent] of agents.entries())
    stayOutside(agent, `${homes[index]!.path}.homeAgentIpv4Address`, inVehicle, problems);
}

/** Who has an uplink without IPv6 has to say where the home agent is in IPv4. */
export function checkIpv4Uplinks(
  router: MobileRouterDocument,
  uplinks: readonly (UplinkDocument | undefined)[],
  problems: Problems,
): void {
  const homes = router.homes ?? [{ ...router, uplinks: undefined }];
  for (const [index, home] of homes.entries()) {
    const path = `mobileRouter${router.homes ? `.homes[${index}]` : ''}`;
    const isKnown = (['homeAgentIpv4Address', 'homeAgentName'] as const).some(
      (key) => home?.[key] !== undefined || problems.has(`${path}.${key}`),
    );
    if (!home || isKnown) continue;
    const ipv4Uplinks = uplinks.filter(
      (uplink) => uplink?.addressFamilies?.includes('ipv4') && (home.uplinks?.includes(uplink.name) ?? true),
    );
    const needs = ipv4Uplinks.find((uplink) => !uplink?.addressFamilies?.includes('ipv6'));
    const words = 'is missing, and so is homeAgentName';
    if (needs)
      problems.add(`${path}.homeAgentIpv4Address`, `must be an IPv4 address: ${needs.name} has no IPv6, ${words}`);
    else if (ipv4Uplinks[0])
      problems.warn(`${path}.homeAgentIpv4Address`, `${words}: ${ipv4Uplinks[0].name} is of no use with IPv4 alone`);
  }
}

/** The servers of the DNS client: of either family. */
export function checkNameServers({ nameServers }: MobileRouterDocument, problems: Problems): void {
  const servers = (nameServers ?? []).map((text, index) => {
    const family = text?.includes(':') ? 'IPv6' : 'IPv4';
    const path = `mobileRouter.nameServers[${index}]`;
    if (text === undefined || parseAddress(text) !== undefined) return checkAddress(text, path, problems, family);
    problems.add(path, `must be an IP address, is ${shown(text)}`);
    return undefined;
  });
  checkDistinct(servers, (index) => `mobileRouter.nameServers[${index}]`, shownAddress, problems);
}

/** What of IPv4 the schema cannot say of a home agent. */
export function checkIpv4HomeAgent({ ipv4, mobileNodes = [] }: HomeAgentDocument, problems: Problems): void {
  const at = (index: number) => `homeAgent.mobileNodes[${index}].ipv4`;
  const isServed = ipv4 !== undefined || problems.has('homeAgent.ipv4');
  for (const [index, node] of mobileNodes.entries())
    if (node?.ipv4 && !isServed) problems.add(at(index), 'must be left out where homeAgent.ipv4 is missing');
  if (!ipv4) return;
  const address = checkAddress(ipv4.address, 'homeAgent.ipv4.address', problems, 'IPv4');
  const homeLinks = checkPrefixes(ipv4.homePrefixes, 'homeAgent.ipv4.homePrefixes', problems, 'IPv4');
  const pools = checkPrefixes(ipv4.prefixPools, 'homeAgent.ipv4.prefixPools', problems, 'IPv4');
  const networks = mobileNodes.flatMap((node, index) => {
    const path = `${at(index)}.prefixes`;
    const prefixes = checkPrefixes(node?.ipv4?.prefixes, path, problems, 'IPv4');
    if (prefixes.length > 0 && node?.mobileRouter === false)
      problems.add(path, `must be empty where mobileRouter is false, is a list of ${prefixes.length}`);
    return prefixes;
  });
  // Of two that overlap the longer one is told, and of the same length the later one.
  new PrefixIndex([...homeLinks, ...pools, ...networks], problems);
  const elsewhere = new PrefixIndex([...pools, ...networks], new Problems());
  const homeLink = new PrefixIndex(homeLinks, new Problems());
  stayOutside(address, 'homeAgent.ipv4.address', elsewhere, problems);
  const homeAddresses = mobileNodes.map((node, index) =>
    checkAddress(node?.ipv4?.homeAddress, `${at(index)}.homeAddress`, problems, 'IPv4'),
  );
  checkDistinct(homeAddresses, (index) => `${at(index)}.homeAddress`, shownAddress, problems);
  for (const [index, homeAddress] of homeAddresses.entries()) {
    if (homeAddress === undefined) continue;
    const path = `${at(index)}.homeAddress`;
    if (homeAddress === address)
      problems.add(path, `must differ from homeAgent.ipv4.address, is ${shownAddress(homeAddress)}`);
    if (!homeLink.find(homeAddress))
      problems.add(
        path,
        `must lie in homeAgent.ipv4.homePrefixes (${
          homeLinks.map(({ prefix }) => formatPrefix(prefix)).join(', ') || 'none'
        }), is ${shownAddress(homeAddress)}`,
      );
  }
}

function stayOutside(address: Address | undefined, path: string, prefixes: PrefixIndex, problems: Problems): void {
  const around = address === undefined ? undefined : prefixes.find(address);
  if (around && address !== undefined)
    problems.add(path, `must lie outside ${around.path} (${formatPrefix(around.prefix)}), is ${shownAddress(address)}`);
}
