import { address } from '../bytes/address.ts';
import { type Prefix, prefix } from '../bytes/prefix.ts';
import type { Secret } from '../bytes/secret.ts';
import { checkAuthentication, type Keys, nodePath } from './check-authentication.ts';
import { checkHomeAgent } from './check-home-agent.ts';
import { careOfNames, checkHomeUplinks, ONLY_HOME } from './check-homes.ts';
import { checkIpv4Uplinks } from './check-ipv4.ts';
import { checkMobileRouter, checkUplinks } from './check-mobile-router.ts';
import { checkSchema } from './check-schema.ts';
import type {
  Authentication,
  Configuration,
  HomeAgentConfiguration,
  HomeAgentIpv4Configuration,
  HomeConfiguration,
  HomeIpv4Configuration,
  MobileRouterConfiguration,
  MqttConfiguration,
  PhysicalHomeLinkConfiguration,
  UplinkConfiguration,
} from './configuration.ts';
import type {
  AuthenticationDocument,
  BoardDocument,
  ConfigurationDocument,
  HomeAgentIpv4Document,
  HomeDocument,
  Ipv4Document,
  MobileRouterDocument,
  PhysicalHomeLinkDocument,
  UplinkDocument,
} from './document.ts';
import { type Files, NO_FILES } from './files.ts';
import { type Json, JsonError, parseJson } from './json.ts';
import { type Problem, Problems, shown } from './problems.ts';
import { boardRule, configurationRule } from './validator.generated.js';

export { formatProblem, type Problem } from './problems.ts';

export type ConfigurationResult =
  | {
      readonly configuration: Configuration;
      /** What is allowed and yet dangerous. */
      readonly warnings: readonly Problem[];
      /** Whether the text itself holds a key or a password. */
      readonly holdsSecrets: boolean;
      readonly problems?: undefined;
    }
  | { readonly configuration?: undefined; readonly problems: readonly Problem[] };

const BOARD_FOLDER = '/usr/share/monami/board';

/** The file that describes a board: `mobileRouter.board` is a name or a path. */
export function boardFile(board: string): string {
  return board.startsWith('/') ? board : `${BOARD_FOLDER}/${board}/description.json`;
}

/**
 * Reads a configuration file's text. Either everything in it is right, or all its problems come back and nothing else.
 * `board` gives the text of a board's description (see `boardFile`), or `undefined` where there is none; `files` reads
 * what `keyFile` names.
 */
export function parseConfiguration(
  text: string,
  board: (name: string) => string | undefined = () => undefined,
  files: Files = NO_FILES,
): ConfigurationResult {
  const problems = new Problems();
  const document = read(text, '', problems) as ConfigurationDocument | undefined;
  if (document === undefined) return { problems: problems.list() };
  checkSchema(document as Json, configurationRule, problems);
  if (problems.has('')) return { problems: problems.list() };

  const { mobileRouter, homeAgent } = document;
  const given = (key: string) => key in document || problems.has(key);
  if (!given('mobileRouter') && !given('homeAgent'))
    problems.add('', 'must have mobileRouter or homeAgent, has neither');
  if (given('mobileRouter') && given('homeAgent'))
    problems.add('', 'must have mobileRouter or homeAgent, has both: run two processes');
  let uplinks: readonly (UplinkDocument | undefined)[] = [];
  if (mobileRouter) {
    checkMobileRouter(mobileRouter, document.tunnel, problems);
    uplinks = findUplinks(mobileRouter, document.tunnel, board, problems);
    checkHomeUplinks(mobileRouter, uplinks, problems);
    checkIpv4Uplinks(mobileRouter, uplinks, problems);
  }
  if (homeAgent) checkHomeAgent(homeAgent, document.tunnel?.interface, problems);
  const keys = checkAuthentication(document, files, problems);
  checkRouting(document.routing?.firstTable, problems);
  if (document.mqtt?.password !== undefined && document.mqtt.username === undefined && !problems.has('mqtt.username'))
    problems.add('mqtt.username', 'must be given with mqtt.password, is missing');

  const found = problems.list();
  if (found.length > 0) return { problems: found };
  const configuration = build(document, uplinks, keys);
  return { configuration, warnings: problems.warnings(), holdsSecrets: holdsSecrets(document) };
}

function read(text: string, path: string, problems: Problems): Json | undefined {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    problems.add(path, `not JSON at line ${error.line}, column ${error.column}: ${error.message}`);
    return undefined;
  }
}

function findUplinks(
  router: MobileRouterDocument,
  tunnel: ConfigurationDocument['tunnel'],
  board: (name: string) => string | undefined,
  problems: Problems,
): readonly (UplinkDocument | undefined)[] {
  const path = 'mobileRouter.uplinks';
  if (router.uplinks) {
    checkUplinks(router.uplinks, path, tunnel, problems);
    return router.uplinks;
  }
  if (problems.has(path) || problems.has('mobileRouter.board')) return [];
  if (router.board === undefined) {
    problems.add(path, 'must be a list of 1 to 32 uplinks, is missing, and so is mobileRouter.board');
    return [];
  }
  const text = board(router.board);
  if (text === undefined) {
    problems.add('mobileRouter.board', `must be a board with ${boardFile(router.board)}, is ${shown(router.board)}`);
    return [];
  }
  const inBoard = new Problems();
  const description = read(text, '', inBoard);
  if (description !== undefined) checkSchema(description, boardRule, inBoard);
  const uplinks = inBoard.has('') ? [] : ((description as BoardDocument).uplinks ?? []);
  checkUplinks(uplinks, 'uplinks', tunnel, inBoard);
  for (const { path: inner, message } of inBoard.list())
    problems.add(`mobileRouter.board${inner === '' ? '' : ` ${shown(router.board)}.${inner}`}`, message);
  return uplinks;
}

const TABLES = 33;
const FIRST_KERNEL_TABLE = 253;
const LAST_KERNEL_TABLE = 255;

function checkRouting(firstTable: number | undefined, problems: Problems): void {
  if (firstTable === undefined || firstTable > LAST_KERNEL_TABLE || firstTable + TABLES <= FIRST_KERNEL_TABLE) return;
  problems.add(
    'routing.firstTable',
    `must leave the kernel's tables ${FIRST_KERNEL_TABLE} to ${LAST_KERNEL_TABLE} out of its ${TABLES}: ` +
      `up to ${FIRST_KERNEL_TABLE - TABLES} or from ${LAST_KERNEL_TABLE + 1}, is ${firstTable}`,
  );
}

/** Of a document without problems, which is complete: the schema has demanded it or filled it in. */
function build(
  document: ConfigurationDocument,
  uplinks: readonly (UplinkDocument | undefined)[],
  keys: Keys,
): Configuration {
  const { mobileRouter, homeAgent, mqtt } = document;
  return {
    ...(mobileRouter && { mobileRouter: buildMobileRouter(mobileRouter, uplinks, keys) }),
    ...(homeAgent && { homeAgent: buildHomeAgent(homeAgent, keys) }),
    tunnel: { ...document.tunnel } as Configuration['tunnel'],
    routing: { ...document.routing } as Configuration['routing'],
    control: { ...document.control } as Configuration['control'],
    log: { ...document.log } as Configuration['log'],
    ...(mqtt && { mqtt: { clientId: `monami-${mqtt.vehicleId}`, ...mqtt } as MqttConfiguration }),
  };
}

function buildMobileRouter(
  router: MobileRouterDocument,
  uplinks: readonly (UplinkDocument | undefined)[],
  keys: Keys,
): MobileRouterConfiguration {
  const { registration, lifetimeSeconds, firstRegistrationTimeoutMs, selection } = router as Required<typeof router>;
  const { udpEncapsulation, natKeepAliveSeconds } = router as Required<typeof router>;
  const { uplinks: _, ...onlyHome } = router;
  const homes: readonly (HomeDocument | undefined)[] = router.homes ?? [{ ...onlyHome, name: ONLY_HOME }];
  return {
    homes: homes.map((home, index) => ({
      ...buildHome(home!, uplinks as readonly UplinkDocument[]),
      authentication: buildAuthentication(
        home!.authentication,
        keys.get(router.homes ? `mobileRouter.homes[${index}].authentication` : 'mobileRouter.authentication'),
      ),
    })),
    registration,
    lifetimeSeconds,
    firstRegistrationTimeoutMs,
    selection,
    udpEncapsulation,
    natKeepAliveSeconds,
    ...(router.nameServers && { nameServers: router.nameServers.map((text) => address(text!)) }),
    probe: { ...router.probe } as MobileRouterConfiguration['probe'],
    uplinks: buildUplinks(uplinks as readonly UplinkDocument[]),
  };
}

function buildHome(home: HomeDocument, uplinks: readonly UplinkDocument[]): Omit<HomeConfiguration, 'authentication'> {
  const { name, homeAgentAddress, homePrefix, prefixes = [], prefixMode = 'explicit', homeLink } = home;
  const { homeAgentIpv4Address, homeAgentName, ipv4 } = home;
  const named = home.uplinks as readonly string[] | undefined;
  const serving = uplinks.filter((uplink) => named?.includes(uplink.name!) ?? true);
  return {
    name: name!,
    homeAddress: address(home.homeAddress!),
    ...(homeAgentAddress !== undefined && { homeAgentAddress: address(homeAgentAddress) }),
    ...(homeAgentIpv4Address !== undefined && { homeAgentIpv4Address: address(homeAgentIpv4Address) }),
    ...(homeAgentName !== undefined && { homeAgentName }),
    ...(ipv4 && { ipv4: buildHomeIpv4(ipv4) }),
    ...(homePrefix !== undefined && { homePrefix: prefix(homePrefix) }),
    prefixes: prefixes.map((text) => prefix(text!)),
    prefixMode,
    uplinks: serving.flatMap(careOfNames),
    careOfHomes: (named ?? []).filter((other) => !uplinks.some((uplink) => uplink.name === other)),
    ...(homeLink && { homeLink: { ...(homeLink as Required<typeof homeLink>) } }),
  };
}

function buildHomeIpv4(ipv4: NonNullable<HomeDocument['ipv4']>): HomeIpv4Configuration {
  const { homeAddress, requestPrefixLength, prefixes } = ipv4 as Required<typeof ipv4>;
  const isDynamic = homeAddress === 'dynamic';
  return {
    ...buildIpv4(isDynamic ? { prefixes } : ipv4),
    ...(isDynamic && { homeAddress }),
    ...(requestPrefixLength !== undefined && { requestPrefixLength }),
  };
}

function buildIpv4({ homeAddress, prefixes }: Ipv4Document) {
  return {
    ...(homeAddress !== undefined && { homeAddress: address(homeAddress) }),
    prefixes: prefixes!.map((text) => prefix(text!)),
  };
}

/** Each further care-of address of a link gets a Binding Identifier that no uplink has; it is the same at every start. */
function buildUplinks(uplinks: readonly UplinkDocument[]): UplinkConfiguration[] {
  const taken = new Set(uplinks.map(({ bid }, index) => bid ?? index + 1));
  return uplinks.flatMap((uplink, index) => {
    const place = index + 1;
    const { interface: device, priority = place, weight = 1, bid = place, mtuBytes } = uplink;
    const addressFamilies = (uplink.addressFamilies as UplinkConfiguration['addressFamilies']) ?? ['ipv6', 'ipv4'];
    return careOfNames(uplink).map((name, further) => ({
      ...{ name, interface: device!, priority, weight },
      bid: further === 0 ? bid : unusedBid(taken),
      ...(mtuBytes !== undefined && { mtuBytes }),
      // A link's further care-of addresses are of its further IPv6 prefixes.
      addressFamilies: further > 0 ? ['ipv6'] : addressFamilies,
      ...(further > 0 && { ordinal: further + 1 }),
    }));
  });
}

function unusedBid(taken: Set<number>): number {
  let bid = 1;
  while (taken.has(bid)) bid++;
  taken.add(bid);
  return bid;
}

function buildAuthentication(
  authentication: AuthenticationDocument | 'none' | undefined,
  key: Secret | undefined,
): Authentication {
  if (key === undefined || authentication === undefined || authentication === 'none') return 'none';
  const { spi, identifier, replayWindowSeconds, prefixDiscovery } = authentication;
  return {
    spi: spi!,
    key,
    ...(identifier !== undefined && { identifier }),
    replayWindowSeconds: replayWindowSeconds!,
    prefixDiscovery: prefixDiscovery!,
  };
}

/** Without prefixes of its own, the link has all home prefixes. */
function buildHomeLink(
  homeLink: PhysicalHomeLinkDocument,
  homePrefixes: readonly Prefix[],
): PhysicalHomeLinkConfiguration {
  const { prefixes, advertise, ...rest } = homeLink;
  return {
    ...(rest as Required<typeof rest>),
    prefixes: prefixes?.map((text) => prefix(text!)) ?? homePrefixes,
    ...(advertise && { advertise: { ...advertise } }),
  };
}

/** Keys and passwords that stand in the file itself, so that it must not be readable by everybody. */
function holdsSecrets({ mobileRouter, homeAgent, mqtt }: ConfigurationDocument): boolean {
  const holders = [mobileRouter, ...(mobileRouter?.homes ?? []), ...(homeAgent?.mobileNodes ?? [])];
  const holdsKey = holders.some((holder) => {
    const authentication = holder?.authentication;
    return authentication !== undefined && authentication !== 'none' && authentication.key !== undefined;
  });
  return holdsKey || mqtt?.password !== undefined;
}

function buildHomeAgent(agent: NonNullable<ConfigurationDocument['homeAgent']>, keys: Keys): HomeAgentConfiguration {
  const { authentication: _, homeLink, refreshAdviceSeconds, ipv4, ...rest } = agent;
  const homePrefixes = agent.homePrefixes!.map((text) => prefix(text!));
  return {
    ...(rest as Omit<Required<typeof rest>, 'address' | 'homePrefixes' | 'mobileNodes'>),
    address: address(agent.address!),
    homePrefixes,
    prefixAdvertisements: { ...agent.prefixAdvertisements } as HomeAgentConfiguration['prefixAdvertisements'],
    ...(refreshAdviceSeconds !== undefined && { refreshAdviceSeconds }),
    ...(homeLink && { homeLink: buildHomeLink(homeLink, homePrefixes) }),
    ...(ipv4 && { ipv4: buildHomeAgentIpv4(ipv4) }),
    mobileNodes: agent.mobileNodes!.map((node, index) => ({
      ...(node as Omit<Required<NonNullable<typeof node>>, 'homeAddress' | 'prefixes' | 'authentication' | 'ipv4'>),
      homeAddress: address(node!.homeAddress!),
      prefixes: node!.prefixes!.map((text) => prefix(text!)),
      ...(node!.ipv4 && { ipv4: buildIpv4(node!.ipv4) }),
      authentication: buildAuthentication(node!.authentication, keys.get(nodePath(index))),
    })),
  };
}

function buildHomeAgentIpv4(ipv4: HomeAgentIpv4Document): HomeAgentIpv4Configuration {
  return {
    ...(ipv4 as Required<typeof ipv4>),
    address: address(ipv4.address!),
    homePrefixes: ipv4.homePrefixes!.map((text) => prefix(text!)),
    prefixPools: ipv4.prefixPools!.map((text) => prefix(text!)),
  };
}
