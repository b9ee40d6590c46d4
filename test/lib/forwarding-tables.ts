// The two ends of one mobile router's tunnels, as the forwarding tests use them: three care-of addresses, one agent.
import { address } from '../../src/bytes/address.ts';
import { prefix } from '../../src/bytes/prefix.ts';
import { Encapsulation, type ForwardingTable, SelectionMode, type Tunnel } from '../../src/forwarding/table.ts';

export const HOME_AGENT = '2001:db8:f::1';
export const CARE_OF = ['2001:db8:a::2', '2001:db8:b::2', '2001:db8:c::2'] as const;
export const HOME_ADDRESS = '2001:db8:100::1';
/** In the mobile network prefix 2001:db8:1::/48. */
export const VEHICLE = '2001:db8:1::99';
export const SERVER = '2001:db8:9::80';
export const STRANGER = '2001:db8:bad::1';

export const HOME_AGENT_IPV4 = '203.0.113.10';
export const CARE_OF_IPV4 = ['192.0.2.2', '192.0.2.18', '10.0.0.7'] as const;
export const HOME_ADDRESS_IPV4 = '198.51.100.7';
/** In the mobile network prefix 198.51.100.64/26. */
export const VEHICLE_IPV4 = '198.51.100.99';
export const SERVER_IPV4 = '203.0.113.80';
/** That a NAT chose. */
export const NAT_PORT = 40123;
export const PORT = 4191;

export interface TableOptions {
  readonly encapsulation?: Encapsulation;

  readonly mode?: SelectionMode;
  /** By place: which tunnels are usable. */
  readonly usable?: readonly boolean[];
  readonly weights?: readonly number[];
  readonly pathMtuBytes?: number;
  /** Places of the tunnels that there are. */
  readonly places?: readonly number[];
}

function table(side: ForwardingTable['side'], options: TableOptions): ForwardingTable {
  const { mode = SelectionMode.firstUsable, usable = [], weights = [], places = [0, 1, 2] } = options;
  const { encapsulation = Encapsulation.ipv6 } = options;
  const isIpv6 = encapsulation === Encapsulation.ipv6;
  const inUdp = encapsulation === Encapsulation.udp;
  const [careOf, agent] = isIpv6 ? [CARE_OF, HOME_AGENT] : [CARE_OF_IPV4, HOME_AGENT_IPV4];
  const tunnels = places.map((place): Tunnel => {
    const ends = [address(careOf[place]!), address(agent)] as const;
    const [outerSource, outerDestination] = side === 'mobile-router' ? ends : [ends[1], ends[0]];
    return {
      id: place + 1,
      encapsulation,
      outerSource,
      outerDestination,
      sourcePort: inUdp ? PORT : 0,
      destinationPort: inUdp ? (side === 'mobile-router' ? PORT : NAT_PORT) : 0,
      interfaceIndex: side === 'mobile-router' ? place + 10 : 0,
      pathMtuBytes: options.pathMtuBytes ?? 1500,
      usable: usable[place] ?? true,
    };
  });
  return {
    side,
    icmpSource: address(side === 'mobile-router' ? HOME_ADDRESS : HOME_AGENT),
    icmpv4Source: address(side === 'mobile-router' ? HOME_ADDRESS_IPV4 : HOME_AGENT_IPV4),
    interfaces: [10, 11, 12],
    tunnels,
    groups: [
      {
        id: 1,
        mode,
        tunnels: places.map((place) => ({ tunnelId: place + 1, weight: weights[place] ?? 1 })),
        prefixes: ['2001:db8:100::1/128', '2001:db8:1::/48', '198.51.100.7/32', '198.51.100.64/26'].map(prefix),
      },
    ],
  };
}

export function mobileRouterTable(options: TableOptions = {}): ForwardingTable {
  return table('mobile-router', options);
}

export function homeAgentTable(options: TableOptions = {}): ForwardingTable {
  return table('home-agent', options);
}
