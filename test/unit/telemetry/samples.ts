import { address } from '../../../src/bytes/address.ts';
import { prefix } from '../../../src/bytes/prefix.ts';
import { FORWARDER_COUNTERS, type ForwarderStatistics } from '../../../src/forwarding/statistics.ts';
import type { StackEvent, StackStatus } from '../../../src/stack/events.ts';

export const HOME = address('2001:db8:100::1');
export const AGENT = address('2001:db8:1::1');
export const CARE_OF = address('2001:db8:a::7');

export const ROUTER_STATUS: StackStatus = {
  mobileRouter: {
    authentication: 'required',
    homeAddress: HOME,
    homeAgentAddress: AGENT,
    prefixes: [prefix('2001:db8:100:1::/64')],
    sequenceNumber: 4711,
    multipleCareOfAddresses: 'supported',
    homes: [
      {
        name: 'home',
        homeAddress: HOME,
        homeAgentAddress: AGENT,
        state: 'away',
        prefixes: [prefix('2001:db8:100:1::/64')],
        sequenceNumber: 4711,
        multipleCareOfAddresses: 'supported',
        bindings: [{ uplink: 'cellular', bid: 1, careOfAddress: CARE_OF, remainingSeconds: 512.9, tunnelId: 3 }],
      },
    ],
    uplinks: [
      {
        name: 'cellular',
        interface: 'wwan0',
        priority: 1,
        bid: 1,
        state: 'active',
        careOfAddress: CARE_OF,
        preferred: true,
        roundTripMs: 41.23456,
        registrationRemainingSeconds: 512.9,
        tunnelId: 3,
      },
      {
        name: 'wifi',
        interface: 'wlan0',
        priority: 2,
        bid: 2,
        state: 'down',
        careOfAddress: null,
        preferred: false,
        roundTripMs: null,
        registrationRemainingSeconds: null,
        tunnelId: null,
      },
    ],
  },
  drops: { 'unknown-home-agent': 2 },
  messages: { 'sent.bindingUpdate': 3, 'received.bindingAcknowledgement': 3 },
};

export const AGENT_STATUS: StackStatus = {
  homeAgent: {
    address: AGENT,
    authentication: 'none',
    bindings: [
      {
        homeAddress: HOME,
        bid: 1,
        careOfAddress: CARE_OF,
        sequenceNumber: 4711,
        remainingSeconds: 3599.5,
        mobileRouter: true,
        prefixes: [prefix('2001:db8:100:1::/64')],
        tunnelId: 9,
      },
      {
        homeAddress: address('2001:db8:100::2'),
        bid: 0,
        careOfAddress: address('2001:db8:b::7'),
        sequenceNumber: 1,
        remainingSeconds: 10,
        mobileRouter: false,
        prefixes: [],
        tunnelId: 10,
      },
    ],
  },
  drops: {},
  messages: {},
};

/** The router above on its second uplink, which has IPv4 behind a NAT, and with IPv4 of its own. */
export const IPV4_ROUTER_STATUS: StackStatus = {
  ...ROUTER_STATUS,
  mobileRouter: {
    ...ROUTER_STATUS.mobileRouter!,
    homes: [
      {
        ...ROUTER_STATUS.mobileRouter!.homes[0]!,
        ipv4: {
          homeAgentAddress: address('192.0.2.1'),
          homeAddress: address('198.51.100.7'),
          prefixes: [prefix('203.0.113.0/28')],
        },
        bindings: [
          ...ROUTER_STATUS.mobileRouter!.homes[0]!.bindings,
          { uplink: 'wifi', bid: 2, careOfAddress: address('10.0.0.7'), remainingSeconds: 500, tunnelId: 9 },
        ],
      },
    ],
    uplinks: [
      ROUTER_STATUS.mobileRouter!.uplinks[0]!,
      {
        ...ROUTER_STATUS.mobileRouter!.uplinks[1]!,
        state: 'active',
        careOfAddress: address('10.0.0.7'),
        ipv4: { encapsulation: 'udp', nat: true, keepAliveSeconds: 25 },
        registrationRemainingSeconds: 500,
      },
    ],
  },
};

/** The agent above, with the first binding's twin behind a NAT. */
export const IPV4_AGENT_STATUS: StackStatus = {
  ...AGENT_STATUS,
  homeAgent: {
    ...AGENT_STATUS.homeAgent!,
    bindings: [
      AGENT_STATUS.homeAgent!.bindings[0]!,
      {
        ...AGENT_STATUS.homeAgent!.bindings[0]!,
        bid: 2,
        careOfAddress: address('203.0.113.200'),
        outer: { encapsulation: 'udp', address: address('203.0.113.200'), port: 40_123, nat: true },
        ipv4: { homeAddress: address('198.51.100.7'), prefixes: [prefix('203.0.113.0/28')] },
      },
    ],
  },
};

export const STATISTICS: ForwarderStatistics = {
  ...(Object.fromEntries(FORWARDER_COUNTERS.map((name, index) => [name, index % 3])) as Record<
    (typeof FORWARDER_COUNTERS)[number],
    number
  >),
  tunnels: [
    {
      tunnelId: 3,
      sentPackets: 10,
      sentBytes: 12_345,
      receivedPackets: 8,
      receivedBytes: 20_000_000,
      lastReceivedMs: 58_500,
    },
    { tunnelId: 9, sentPackets: 1, sentBytes: 100, receivedPackets: 0, receivedBytes: 0, lastReceivedMs: 0 },
  ],
};

/** One of each type. */
export const EVENTS: readonly StackEvent[] = [
  { type: 'path-state', uplink: 'cellular', bid: 1, state: 'dead', reason: 'probe-lost' },
  { type: 'handover', from: 'cellular', to: 'wifi', reason: 'probe-lost' },
  { type: 'handover', from: 'wifi', to: null, reason: 'link-down' },
  { type: 'binding-registered', homeAddress: HOME, bid: 1, careOfAddress: CARE_OF, lifetimeSeconds: 600 },
  { type: 'binding-removed', homeAddress: HOME, bid: 0, careOfAddress: CARE_OF, reason: 'expired' },
  { type: 'binding-refused', homeAddress: HOME, bid: 2, careOfAddress: CARE_OF, status: 133 },
  {
    type: 'ipv4-home-refused',
    homeAddress: HOME,
    requestedAddress: address('0.0.0.0'),
    prefixLength: 32,
    status: 132,
  },
  {
    type: 'ipv4-home-refused',
    homeAddress: HOME,
    requestedAddress: address('198.51.100.7'),
    prefixLength: 32,
    status: null,
  },
  { type: 'multiple-care-of-addresses-unavailable', homeAgentAddress: AGENT },
];

export const NOW = { wallClockMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678), monotonicMs: 60_000 };
