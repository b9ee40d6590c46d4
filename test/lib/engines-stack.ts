// A whole stack, told of a host's network, for tests.

import { formatAddress } from '../../src/bytes/address.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import type { ForwardingTable } from '../../src/forwarding/table.ts';
import type { RoleEvent } from '../../src/roles/events.ts';
import { Stack, type StackAction, type StackInput } from '../../src/stack/stack.ts';
import type { NetlinkRequest } from '../../src/wire/netlink/encode.ts';
import type { NetlinkMessage } from '../../src/wire/netlink/message.ts';
import { LinkFlag } from '../../src/wire/netlink/numbers.ts';
import { decodeSignalling, encodeSignalling, type SignallingPacket } from '../../src/wire/signalling.ts';
import {
  CARE_OF,
  FIRST_SEQUENCE_NUMBER,
  homeAgentConfiguration,
  mobileRouterConfiguration,
  PROBE_IDENTIFIER,
  START_MS,
} from './engines.ts';
import { link, linkAddress, route } from './engines-network.ts';

import { testServices } from './services.ts';

export const FIRST_TABLE = 7000;
export const FIRST_PRIORITY = 2000;
export const TUNNEL_INDEX = 9;

const COMMON = {
  tunnel: { interface: 'monami0' },
  routing: { firstTable: FIRST_TABLE, firstRulePriority: FIRST_PRIORITY },
  control: { socketPath: '/run/monami.sock' },
  log: { level: 'info', target: 'stderr' },
} as const;

export const ROUTER_CONFIGURATION: Configuration = { ...COMMON, mobileRouter: mobileRouterConfiguration() };
export const AGENT_CONFIGURATION: Configuration = { ...COMMON, homeAgent: homeAgentConfiguration() };

/** Loopback, the TUN device, a bridge with a port, and two uplinks with address and default route. */
export const NETWORK_OF_A_ROUTER: readonly NetlinkMessage[] = [
  link(1, 'lo', { flags: LinkFlag.up | LinkFlag.running | LinkFlag.loopback }),
  link(5, 'br-lan'),
  link(6, 'lan1', { masterIndex: 5 }),
  link(TUNNEL_INDEX, 'monami0'),
  ...uplink(0),
  ...uplink(1),
];

/** An uplink by number, from 0: interface index 11 and up. */
export function uplink(number: number, gateway = 'fe80::1'): NetlinkMessage[] {
  const index = 11 + number;
  return [
    link(index, `wan${number}`),
    linkAddress(index, formatAddress(CARE_OF[number + 1]!)),
    route(index, '::/0', { gateway: linkAddress(index, gateway).address }),
  ];
}

export class StackBench {
  readonly stack: Stack;
  nowMs = START_MS;

  constructor(configuration: Configuration) {
    const random = [FIRST_SEQUENCE_NUMBER, PROBE_IDENTIFIER];
    const services = { ...testServices(), random16: () => random.shift() ?? 0 };
    this.stack = new Stack(configuration, services);
  }

  handle(input: StackInput): StackAction[] {
    return this.stack.handle(input, this.nowMs);
  }

  network(...messages: readonly NetlinkMessage[]): StackAction[] {
    return this.handle({ type: 'network', messages });
  }

  receive(packet: SignallingPacket | Uint8Array): StackAction[] {
    return this.handle({ type: 'packet', bytes: packet instanceof Uint8Array ? packet : encodeSignalling(packet) });
  }

  /** What it sends in answer. */
  answers(packet: SignallingPacket | Uint8Array): SignallingPacket[] {
    return sentIn(this.receive(packet));
  }

  drops(): Readonly<Record<string, number>> {
    return this.stack.status(this.nowMs).drops;
  }
}

export function sentIn(actions: readonly StackAction[]): SignallingPacket[] {
  return actions.flatMap((action) => (action.type === 'send' ? withoutRaw(decodeSignalling(action.bytes)) : []));
}

/** What a packet says, without what the decoder keeps of how it came. */
function withoutRaw(packet: SignallingPacket): SignallingPacket {
  const { mobilityHeader, hopLimit, ...rest } = packet as SignallingPacket & {
    readonly mobilityHeader?: unknown;
    readonly hopLimit?: unknown;
  };
  return rest as SignallingPacket;
}

export function requestsIn(actions: readonly StackAction[]): NetlinkRequest[] {
  return actions.flatMap((action) => (action.type === 'configure' ? action.requests : []));
}

export function listeningIn(actions: readonly StackAction[]): readonly number[] | undefined {
  return actions.flatMap((action) => (action.type === 'listen' ? [action.interfaceIndexes] : []))[0];
}

export function tablesIn(actions: readonly StackAction[]): ForwardingTable[] {
  return actions.flatMap((action) => (action.type === 'forward' ? action.table : []));
}

export function stackEventsIn(actions: readonly StackAction[]): RoleEvent[] {
  return actions.flatMap((action) => (action.type === 'event' ? action.event : []));
}
