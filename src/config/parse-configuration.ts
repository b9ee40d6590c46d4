import { address } from '../bytes/address.ts';
import { prefix } from '../bytes/prefix.ts';
import { checkHomeAgent } from './check-home-agent.ts';
import { checkMobileRouter, checkUplinks } from './check-mobile-router.ts';
import type {
  Configuration,
  HomeAgentConfiguration,
  MobileRouterConfiguration,
  MqttConfiguration,
  UplinkConfiguration,
} from './configuration.ts';
import type { BoardDocument, ConfigurationDocument, MobileRouterDocument, UplinkDocument } from './document.ts';
import { type Json, JsonError, parseJson } from './json.ts';
import { checkSchema, type Problem, Problems, shown } from './problems.ts';
import { boardSchema, boardWords, configurationSchema, configurationWords } from './validator.generated.js';

export { formatProblem, type Problem } from './problems.ts';

export type ConfigurationResult =
  | { readonly configuration: Configuration; readonly problems?: undefined }
  | { readonly configuration?: undefined; readonly problems: readonly Problem[] };

const BOARD_FOLDER = '/usr/share/monami/board';

/** The file that describes a board: `mobileRouter.board` is a name or a path. */
export function boardFile(board: string): string {
  return board.startsWith('/') ? board : `${BOARD_FOLDER}/${board}/description.json`;
}

/**
 * Reads a configuration file's text. Either everything in it is right, or all its problems come back and nothing else.
 * `board` gives the text of a board's description (see `boardFile`), or `undefined` where there is none.
 */
export function parseConfiguration(
  text: string,
  board: (name: string) => string | undefined = () => undefined,
): ConfigurationResult {
  const problems = new Problems();
  const document = read(text, '', problems) as ConfigurationDocument | undefined;
  if (document === undefined) return { problems: problems.list() };
  checkSchema(document as Json, configurationSchema, configurationWords, problems);
  if (problems.has('')) return { problems: problems.list() };

  const { mobileRouter, homeAgent } = document;
  const given = (key: string) => key in document || problems.has(key);
  if (!given('mobileRouter') && !given('homeAgent'))
    problems.add('', 'must have mobileRouter or homeAgent, has neither');
  if (given('mobileRouter') && given('homeAgent'))
    problems.add('', 'must have mobileRouter or homeAgent, has both: run two processes');
  let uplinks: readonly (UplinkDocument | undefined)[] = [];
  if (mobileRouter) {
    checkMobileRouter(mobileRouter, problems);
    uplinks = findUplinks(mobileRouter, document.tunnel, board, problems);
  }
  if (homeAgent) checkHomeAgent(homeAgent, problems);
  checkRouting(document.routing?.firstTable, problems);
  if (document.mqtt?.password !== undefined && document.mqtt.username === undefined && !problems.has('mqtt.username'))
    problems.add('mqtt.username', 'must be given with mqtt.password, is missing');

  const found = problems.list();
  return found.length > 0 ? { problems: found } : { configuration: build(document, uplinks) };
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
  if (description !== undefined) checkSchema(description, boardSchema, boardWords, inBoard);
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
function build(document: ConfigurationDocument, uplinks: readonly (UplinkDocument | undefined)[]): Configuration {
  const { mobileRouter, homeAgent, mqtt } = document;
  return {
    ...(mobileRouter && { mobileRouter: buildMobileRouter(mobileRouter, uplinks) }),
    ...(homeAgent && { homeAgent: buildHomeAgent(homeAgent) }),
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
): MobileRouterConfiguration {
  const { board: _, ...rest } = router;
  return {
    ...(rest as Required<typeof rest>),
    homeAddress: address(router.homeAddress!),
    homeAgentAddress: address(router.homeAgentAddress!),
    prefixes: router.prefixes!.map((text) => prefix(text!)),
    probe: { ...router.probe } as MobileRouterConfiguration['probe'],
    uplinks: uplinks.map((uplink, index) => buildUplink(uplink!, index + 1)),
  };
}

function buildUplink(uplink: UplinkDocument, place: number): UplinkConfiguration {
  const { name, interface: device, priority = place, weight = 1, bid = place, mtuBytes } = uplink;
  return { name: name!, interface: device!, priority, weight, bid, ...(mtuBytes !== undefined && { mtuBytes }) };
}

function buildHomeAgent(agent: NonNullable<ConfigurationDocument['homeAgent']>): HomeAgentConfiguration {
  return {
    ...(agent as Omit<Required<typeof agent>, 'address' | 'homePrefixes' | 'mobileNodes'>),
    address: address(agent.address!),
    homePrefixes: agent.homePrefixes!.map((text) => prefix(text!)),
    mobileNodes: agent.mobileNodes!.map((node) => ({
      ...(node as Omit<Required<NonNullable<typeof node>>, 'homeAddress' | 'prefixes'>),
      homeAddress: address(node!.homeAddress!),
      prefixes: node!.prefixes!.map((text) => prefix(text!)),
    })),
  };
}
