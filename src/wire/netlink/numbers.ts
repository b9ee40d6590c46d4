/** Message types (linux/netlink.h, linux/rtnetlink.h). */
export const NetlinkType = {
  noOperation: 1,
  error: 2,
  done: 3,
  overrun: 4,
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  setLink: 19,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newNeighbor: 28,
  deleteNeighbor: 29,
  getNeighbor: 30,
  newRule: 32,
  deleteRule: 33,
  getRule: 34,
} as const;

/** Flags of a message's header (linux/netlink.h). */
export const NetlinkFlag = {
  request: 0x001,
  multi: 0x002,
  acknowledge: 0x004,
  dumpInterrupted: 0x010,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
} as const;

/** Multicast groups to join for notifications (RTNLGRP_*). */
export const NetlinkGroup = {
  link: 1,
  neighbor: 3,
  ipv4Address: 5,
  ipv4Route: 7,
  ipv4Rule: 8,
  ipv6Address: 9,
  ipv6Route: 11,
  ipv6Rule: 19,
} as const;

/** Address families (AF_*). `unspecified` in a dump request asks for both. */
export const AddressFamily = { unspecified: 0, ipv4: 2, bridge: 7, ipv6: 10 } as const;

/** Flags of a link (IFF_*). */
export const LinkFlag = {
  up: 0x1,
  loopback: 0x8,
  pointToPoint: 0x10,
  running: 0x40,
  noArp: 0x80,
  lowerUp: 0x10000,
} as const;

/** Operational states of a link (RFC 2863). */
export const OperationalState = {
  unknown: 0,
  notPresent: 1,
  down: 2,
  lowerLayerDown: 3,
  testing: 4,
  dormant: 5,
  up: 6,
} as const;

/** Attributes of a link (IFLA_*). */
export const LinkAttribute = { address: 1, name: 3, mtu: 4, master: 10, operationalState: 16 } as const;

/** Flags of an address (IFA_F_*). */
export const AddressFlag = {
  /** On IPv6: a temporary (privacy) address. */
  temporary: 0x01,
  noDuplicateAddressDetection: 0x02,
  optimistic: 0x04,
  duplicateAddressDetectionFailed: 0x08,
  deprecated: 0x20,
  tentative: 0x40,
  permanent: 0x80,
  noPrefixRoute: 0x200,
} as const;

/** Attributes of an address (IFA_*). */
export const AddressAttribute = { address: 1, local: 2, cacheInfo: 6, flags: 8 } as const;

/** Scopes of addresses and routes (RT_SCOPE_*). */
export const RouteScope = { universe: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const;

/** Types of a route (RTN_*). */
export const RouteType = {
  unspecified: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
} as const;

/** Who installed a route or rule (RTPROT_*). */
export const RouteProtocol = {
  unspecified: 0,
  redirect: 1,
  kernel: 2,
  boot: 3,
  static: 4,
  routerAdvertisement: 9,
  dhcp: 16,
} as const;

/** Routing tables that every system has (RT_TABLE_*). */
export const RouteTable = { unspecified: 0, compatibility: 252, default: 253, main: 254, local: 255 } as const;

/** Flags of a route (RTNH_F_*, RTM_F_*). */
export const RouteFlag = { dead: 0x01, onLink: 0x04, linkDown: 0x10, cloned: 0x200 } as const;

/** Attributes of a route (RTA_*). */
export const RouteAttribute = {
  destination: 1,
  outputInterface: 4,
  gateway: 5,
  priority: 6,
  preferredSource: 7,
  metrics: 8,
  multipath: 9,
  table: 15,
  via: 18,
} as const;

/** States of a neighbour (NUD_*; RFC 4861 §7.3.2 and the kernel's own): one bit each. */
export const NeighborState = {
  incomplete: 0x01,
  reachable: 0x02,
  stale: 0x04,
  delay: 0x08,
  probe: 0x10,
  failed: 0x20,
  noArp: 0x40,
  permanent: 0x80,
} as const;

/** Flags of a neighbour (NTF_*). */
export const NeighborFlag = { proxy: 0x08, router: 0x80 } as const;

/** Attributes of a neighbour (NDA_*). */
export const NeighborAttribute = { destination: 1, linkLayerAddress: 2, protocol: 12 } as const;

/** Attributes of a rule (FRA_*). */
export const RuleAttribute = {
  destination: 1,
  source: 2,
  inputInterface: 3,
  goto: 4,
  priority: 6,
  mark: 10,
  suppressInterfaceGroup: 13,
  suppressPrefixLength: 14,
  table: 15,
  outputInterface: 17,
  l3MasterDevice: 19,
  protocol: 21,
} as const;

/** What a rule does (FR_ACT_*). */
export const RuleAction = { toTable: 1, goto: 2, nothing: 3, blackhole: 6, unreachable: 7, prohibit: 8 } as const;
