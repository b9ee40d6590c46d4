import { formatPrefix, prefixContains } from '../bytes/prefix.ts';
import {
  checkAddress,
  checkDistinct,
  checkPrefixes,
  type PlacedPrefix,
  PrefixIndex,
  shownAddress,
} from './check-addresses.ts';
import { checkHomeLink } from './check-home-link.ts';
import { checkIpv4HomeAgent } from './check-ipv4.ts';
import type { HomeAgentDocument } from './document.ts';
import { type Problems, shown } from './problems.ts';

/** What the schema cannot say of a home agent. */
export function checkHomeAgent(
  agent: HomeAgentDocument,
  tunnelInterface: string | undefined,
  problems: Problems,
): void {
  const nodes = agent.mobileNodes ?? [];
  const at = (key: string) => (index: number) => `homeAgent.mobileNodes[${index}].${key}`;
  const address = checkAddress(agent.address, 'homeAgent.address', problems);
  const homeLinks = checkPrefixes(agent.homePrefixes, 'homeAgent.homePrefixes', problems);
  const homeLink = new PrefixIndex(homeLinks, problems);
  checkHomeLink(agent, homeLinks, tunnelInterface, problems);
  checkIpv4HomeAgent(agent, problems);

  const homeAddresses = nodes.map((node, index) => checkAddress(node?.homeAddress, at('homeAddress')(index), problems));
  checkDistinct(
    nodes.map((node) => node?.name),
    at('name'),
    shown,
    problems,
  );
  checkDistinct(homeAddresses, at('homeAddress'), shownAddress, problems);
  for (const [index, homeAddress] of homeAddresses.entries()) {
    if (homeAddress === undefined) continue;
    const path = at('homeAddress')(index);
    if (homeAddress === address)
      problems.add(path, `must differ from homeAgent.address, is ${shownAddress(homeAddress)}`);
    if (homeLinks.length > 0 && !homeLink.find(homeAddress))
      problems.add(
        path,
        `must lie in homeAgent.homePrefixes (${homeLinks.map(({ prefix }) => formatPrefix(prefix)).join(', ')}), ` +
          `is ${shownAddress(homeAddress)}`,
      );
  }
  checkMobileNetworks(agent, homeLinks, problems, (mobileNetworks) => {
    const around = address === undefined ? undefined : mobileNetworks.find(address);
    if (around && address !== undefined)
      problems.add('homeAgent.address', `must lie outside ${around.path}, is ${shownAddress(address)}`);
    for (const [index, homeAddress] of homeAddresses.entries()) {
      const network = homeAddress === undefined ? undefined : mobileNetworks.find(homeAddress);
      // RFC 4887 §6: a mobile router may have its home address in its own mobile network.
      if (homeAddress !== undefined && network && !network.path.startsWith(at('prefixes')(index)))
        problems.add(
          at('homeAddress')(index),
          `must lie outside ${network.path} (${formatPrefix(network.prefix)}), is ${shownAddress(homeAddress)}`,
        );
    }
  });
}

function checkMobileNetworks(
  agent: HomeAgentDocument,
  homeLinks: readonly PlacedPrefix[],
  problems: Problems,
  further: (mobileNetworks: PrefixIndex) => void,
): void {
  const networks: PlacedPrefix[] = [];
  for (const [index, node] of (agent.mobileNodes ?? []).entries()) {
    const path = `homeAgent.mobileNodes[${index}].prefixes`;
    const prefixes = checkPrefixes(node?.prefixes, path, problems);
    if (prefixes.length > 0 && node?.mobileRouter === false)
      problems.add(path, `must be empty where mobileRouter is false, is a list of ${prefixes.length}`);
    networks.push(...prefixes.filter((placed) => !swallowsHomeLink(placed, homeLinks, problems)));
  }
  further(new PrefixIndex(networks, problems));
}

/** Inside a home prefix it may lie: that is an aggregated home network (RFC 4887 §4). */
function swallowsHomeLink(
  { prefix, path }: PlacedPrefix,
  homeLinks: readonly PlacedPrefix[],
  problems: Problems,
): boolean {
  const home = homeLinks.find(
    (link) => prefix.length <= link.prefix.length && prefixContains(prefix, link.prefix.address),
  );
  if (!home) return false;
  problems.add(path, `must not contain ${home.path} (${formatPrefix(home.prefix)}), is ${shown(formatPrefix(prefix))}`);
  return true;
}
