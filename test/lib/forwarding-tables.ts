// The two ends of one mobile router's tunnels, as the forwarding tests use them: three care-of addresses, one agent.
import { address } from '../../src/bytes/address.ts';
import { prefix } from '../../src/bytes/prefix.ts';
import { type ForwardingTable, SelectionMode, type Tunnel } from '../../src/forwarding/table.ts';

export const HOME_AGENT = '2001:db8:f::1';
export const CARE_OF = ['2001:db8:a::2', '2001:db8:b::2', '2001:db8:c::2'] as const;
export const HOME_ADDRESS = '2001:db8:100::1';
/** In the mobile network prefix 2001:db8:1::/48. */
export const VEHICLE = '2001:db8:1::99';
export const SERVER = '2001:db8:9::80';
export const STRANGER = '2001:db8:bad::1';

export interface TableOptions {
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
  const tunnels = places.map((place): Tunnel => {
    const ends = [address(CARE_OF[place]!), address(HOME_AGENT)] as const;
    const [outerSource, outerDestination] = side === 'mobile-router' ? ends : [ends[1], ends[0]];
    return {
      id: place + 1,
      encapsulation: 1,
      outerSource,
      outerDestination,
      sourcePort: 0,
      destinationPort: 0,
      interfaceIndex: side === 'mobile-router' ? place + 10 : 0,
      pathMtuBytes: options.pathMtuBytes ?? 1500,
      usable: usable[place] ?? true,
    };
  });
  return {
    side,
    icmpSource: address(side === 'mobile-router' ? HOME_ADDRESS : HOME_AGENT),
    interfaces: [10, 11, 12],
    tunnels,
    groups: [
      {
        id: 1,
        mode,
        tunnels: places.map((place) => ({ tunnelId: place + 1, weight: weights[place] ?? 1 })),
        prefixes: [prefix('2001:db8:100::1/128'), prefix('2001:db8:1::/48')],
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
