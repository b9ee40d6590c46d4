import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../src/bytes/address.ts';
import { prefix } from '../../../src/bytes/prefix.ts';
import { formatProblem, parseConfiguration } from '../../../src/config/parse-configuration.ts';

type Keys = Readonly<Record<string, unknown>>;

const HOME = {
  homeAddress: '2001:db8:1:f::2',
  homeAgentAddress: '2001:db8:1::1',
  homeAgentIpv4Address: '192.0.2.1',
  prefixes: ['2001:db8:2::/64'],
};
const UPLINKS = [
  { name: 'cellular', interface: 'wwan0' },
  { name: 'satellite', interface: 'eth1', addressFamilies: ['ipv4'] },
];

const parsed = (document: unknown) => parseConfiguration(JSON.stringify(document));

function router(more: Keys = {}) {
  return { mobileRouter: { ...HOME, authentication: 'none', uplinks: UPLINKS, ...more } };
}

/** Each home has what is given, beside an address, a name and prefixes of its own. */
function homes(...all: readonly Keys[]) {
  const list = all.map((home, index) => ({
    ...HOME,
    name: `home${index}`,
    homeAddress: `2001:db8:1:f::${index + 2}`,
    prefixes: [],
    authentication: 'none',
    ...home,
  }));
  return { mobileRouter: { homes: list, uplinks: UPLINKS } };
}

function node(index: number, ipv4?: Keys, more: Keys = {}) {
  return { name: `bus-${index}`, homeAddress: `2001:db8:1:f::${index + 1}`, ...(ipv4 && { ipv4 }), ...more };
}

const SERVED = {
  address: '192.0.2.1',
  homePrefixes: ['198.51.100.0/25'],
  prefixPools: ['10.64.0.0/12'],
};

function agent(ipv4: Keys | undefined, ...mobileNodes: readonly Keys[]) {
  const homeAgent = {
    address: '2001:db8:1::1',
    homePrefixes: ['2001:db8:1:f::/64'],
    authentication: 'none',
    ...(ipv4 && { ipv4 }),
    mobileNodes: mobileNodes.length > 0 ? mobileNodes : [node(1)],
  };
  return { homeAgent };
}

// --- what is right ---------------------------------------------------------------------------------------------------

test('a mobile router has UDP as needed, a keep-alive of 25 s, and both families with IPv6 first', () => {
  const { mobileRouter } = parsed(router({ uplinks: [UPLINKS[0]] })).configuration!;
  const { udpEncapsulation, natKeepAliveSeconds, nameServers, uplinks } = mobileRouter!;
  assert.equal([udpEncapsulation, natKeepAliveSeconds, nameServers], ['as-needed', 25, undefined]);
  assert.equal(uplinks[0]!.addressFamilies, ['ipv6', 'ipv4']);
  assert.is(mobileRouter!.homes[0]!.ipv4, undefined);
});

test('a home agent may be given by both its addresses, or by a name that the router looks up', () => {
  const [byAddress] = parsed(router()).configuration!.mobileRouter!.homes;
  assert.is(byAddress!.homeAgentIpv4Address, address('192.0.2.1'));
  const named = router({
    homeAgentAddress: undefined,
    homeAgentIpv4Address: undefined,
    homeAgentName: 'agent.example',
    nameServers: ['192.0.2.53', '2001:db8::53'],
  });
  const { mobileRouter } = parsed(named).configuration!;
  const [home] = mobileRouter!.homes;
  assert.equal(
    [home!.homeAgentName, home!.homeAgentAddress, home!.homeAgentIpv4Address],
    ['agent.example', undefined, undefined],
  );
  assert.equal(mobileRouter!.nameServers, [address('192.0.2.53'), address('2001:db8::53')]);
});

test('what of IPv4 belongs to a home is read, in the short form as among several homes', () => {
  const ipv4 = { homeAddress: '198.51.100.7', prefixes: ['203.0.113.0/28'], requestPrefixLength: 24 };
  const expected = {
    homeAddress: address('198.51.100.7'),
    prefixes: [prefix('203.0.113.0/28')],
    requestPrefixLength: 24,
  };
  assert.equal(parsed(router({ ipv4 })).configuration!.mobileRouter!.homes[0]!.ipv4, expected);
  const several = parsed(homes({ ipv4 }, { ipv4: { homeAddress: 'dynamic' } })).configuration!.mobileRouter!;
  assert.equal(
    several.homes.map((home) => home.ipv4),
    [expected, { homeAddress: 'dynamic', prefixes: [] }],
  );
});

test('a link’s further care-of addresses are IPv6 ones: there is one IPv4 address to take', () => {
  const { uplinks } = parsed(router({ uplinks: [{ ...UPLINKS[0], careOfAddresses: 3 }] })).configuration!.mobileRouter!;
  assert.equal(
    uplinks.map(({ addressFamilies }) => addressFamilies),
    [['ipv6', 'ipv4'], ['ipv6'], ['ipv6']],
  );
});

test('a home agent that serves IPv4 gets its defaults', () => {
  const document = agent({ address: '192.0.2.1' }, node(1));
  assert.equal(parsed(document).configuration!.homeAgent!.ipv4, {
    address: address('192.0.2.1'),
    homePrefixes: [],
    prefixPools: [],
    leaseSeconds: 86_400,
    allowForcedUdpEncapsulation: true,
    natRefreshSeconds: 110,
  });
  assert.is(parsed(agent(undefined)).configuration!.homeAgent!.ipv4, undefined);
});

test('a home agent’s nodes have IPv4 addresses and prefixes of their own', () => {
  const own = { homeAddress: '198.51.100.7', prefixes: ['203.0.113.0/28'] };
  const { homeAgent } = parsed(agent(SERVED, node(1, own), node(2, {}), node(3))).configuration!;
  assert.equal(homeAgent!.ipv4!.prefixPools, [prefix('10.64.0.0/12')]);
  assert.equal(
    homeAgent!.mobileNodes.map(({ ipv4 }) => ipv4),
    [{ homeAddress: address('198.51.100.7'), prefixes: [prefix('203.0.113.0/28')] }, { prefixes: [] }, undefined],
  );
});

test('the agent’s own address may lie on a home link', () => {
  assert.is(parsed(agent({ ...SERVED, address: '198.51.100.1' })).problems, undefined);
});

// --- what is wrong ---------------------------------------------------------------------------------------------------

const R = 'mobileRouter';
const A = 'homeAgent';
const IPV4_EXAMPLE = 'must be an IPv4 prefix such as 198.51.100.0/24, of 1 to 32 bits, is';
const MISTAKES: readonly (readonly [document: unknown, line: string])[] = [
  [router({ homeAgentIpv4Address: '192.0.2' }), `${R}.homeAgentIpv4Address: must be an IPv4 address, is "192.0.2"`],
  [
    router({ homeAgentIpv4Address: '2001:db8::1' }),
    `${R}.homeAgentIpv4Address: must be an IPv4 address, is "2001:db8::1"`,
  ],
  [
    router({ homeAgentIpv4Address: '224.0.0.1' }),
    `${R}.homeAgentIpv4Address: must be a unicast address, is "224.0.0.1"`,
  ],
  [router({ homeAgentAddress: '192.0.2.1' }), `${R}.homeAgentAddress: must be an IPv6 address, is "192.0.2.1"`],
  [
    router({ homeAgentName: '192.0.2.1' }),
    `${R}.homeAgentName: must be a DNS name such as agent.example, is "192.0.2.1"`,
  ],
  [router({ homeAgentName: 'a..b' }), `${R}.homeAgentName: must be a DNS name such as agent.example, is "a..b"`],
  [router({ ipv4: {} }), `${R}.ipv4: must have homeAddress, prefixes or requestPrefixLength, has none`],
  [router({ ipv4: { prefixes: [] } }), `${R}.ipv4: must have homeAddress, prefixes or requestPrefixLength, has none`],
  [router({ ipv4: { homeAddress: 'any' } }), `${R}.ipv4.homeAddress: must be an IPv4 address, is "any"`],
  [router({ ipv4: { homeAddress: 7 } }), `${R}.ipv4.homeAddress: must be an IPv4 address or "dynamic", is 7`],
  [
    router({ ipv4: { homeAddress: '192.0.2.1' } }),
    `${R}.ipv4.homeAddress: must differ from ${R}.homeAgentIpv4Address, is "192.0.2.1"`,
  ],
  [router({ ipv4: { homeAddress: '127.0.0.1' } }), `${R}.ipv4.homeAddress: must be a unicast address, is "127.0.0.1"`],
  [router({ ipv4: { prefixes: ['10.0.0.0/33'] } }), `${R}.ipv4.prefixes[0]: ${IPV4_EXAMPLE} "10.0.0.0/33"`],
  [router({ ipv4: { prefixes: ['2001:db8::/32'] } }), `${R}.ipv4.prefixes[0]: ${IPV4_EXAMPLE} "2001:db8::/32"`],
  [
    router({ ipv4: { prefixes: ['10.0.0.1/24'] } }),
    `${R}.ipv4.prefixes[0]: must have no bits behind its length: 10.0.0.0/24, is 10.0.0.1/24`,
  ],
  [
    router({ ipv4: { prefixes: ['192.0.0.0/2'] } }),
    `${R}.ipv4.prefixes[0]: must be a prefix of unicast addresses, is "192.0.0.0/2"`,
  ],
  [
    router({ ipv4: { prefixes: ['10.0.0.0/8', '10.9.0.0/16'] } }),
    `${R}.ipv4.prefixes[1]: must not overlap ${R}.ipv4.prefixes[0] (10.0.0.0/8), is "10.9.0.0/16"`,
  ],
  [
    router({ ipv4: { prefixes: ['192.0.2.0/24'] } }),
    `${R}.homeAgentIpv4Address: must lie outside ${R}.ipv4.prefixes[0] (192.0.2.0/24), is "192.0.2.1"`,
  ],
  [
    router({ ipv4: { requestPrefixLength: 32 } }),
    `${R}.ipv4.requestPrefixLength: must be a whole number from 8 to 31, is 32`,
  ],
  [
    router({ ipv4: { homeAddress: 'dynamic', colour: 1 } }),
    `${R}.ipv4.colour: is not known; known here are homeAddress, prefixes, requestPrefixLength`,
  ],
  [
    homes({ ipv4: { homeAddress: '198.51.100.7' } }, { ipv4: { homeAddress: '198.51.100.7' } }),
    `${R}.homes[1].ipv4.homeAddress: must differ from ${R}.homes[0].ipv4.homeAddress, is "198.51.100.7"`,
  ],
  [
    homes({ ipv4: { prefixes: ['10.1.0.0/16'] } }, { ipv4: { prefixes: ['10.1.0.0/16'] } }),
    `${R}.homes[1].ipv4.prefixes[0]: must not overlap ${R}.homes[0].ipv4.prefixes[0] (10.1.0.0/16), is "10.1.0.0/16"`,
  ],
  [
    { mobileRouter: { ...homes({}).mobileRouter, ipv4: { homeAddress: 'dynamic' } } },
    `${R}.ipv4: must stand in the homes, where ${R}.homes is given`,
  ],
  [
    { mobileRouter: { ...homes({}).mobileRouter, homeAgentName: 'agent.example' } },
    `${R}.homeAgentName: must stand in the homes, where ${R}.homes is given`,
  ],
  [
    router({ homeAgentIpv4Address: undefined }),
    `${R}.homeAgentIpv4Address: must be an IPv4 address: satellite has no IPv6, is missing, and so is homeAgentName`,
  ],
  [
    homes({}, { homeAgentIpv4Address: undefined, uplinks: ['satellite'] }),
    `${R}.homes[1].homeAgentIpv4Address: must be an IPv4 address: satellite has no IPv6, is missing, and so is homeAgentName`,
  ],
  [router({ udpEncapsulation: 'never' }), `${R}.udpEncapsulation: must be "as-needed" or "always", is "never"`],
  [router({ natKeepAliveSeconds: 4 }), `${R}.natKeepAliveSeconds: must be a whole number from 5 to 110, is 4`],
  [router({ natKeepAliveSeconds: 111 }), `${R}.natKeepAliveSeconds: must be a whole number from 5 to 110, is 111`],
  [router({ nameServers: [] }), `${R}.nameServers: must be a list of 1 to 4 IP addresses, is an empty list`],
  [router({ nameServers: ['dns.example'] }), `${R}.nameServers[0]: must be an IP address, is "dns.example"`],
  [router({ nameServers: ['127.0.0.53'] }), `${R}.nameServers[0]: must be a unicast address, is "127.0.0.53"`],
  [
    router({ nameServers: ['192.0.2.53', '192.0.2.53'] }),
    `${R}.nameServers[1]: must differ from ${R}.nameServers[0], is "192.0.2.53"`,
  ],
  [
    router({ uplinks: [{ ...UPLINKS[0], addressFamilies: [] }] }),
    `${R}.uplinks[0].addressFamilies: must be a list of "ipv6", "ipv4" or both, is an empty list`,
  ],
  [
    router({ uplinks: [{ ...UPLINKS[0], addressFamilies: ['ipv4', 'ipv4'] }] }),
    `${R}.uplinks[0].addressFamilies[1]: must differ from ${R}.uplinks[0].addressFamilies[0], is "ipv4"`,
  ],
  [
    router({ uplinks: [{ ...UPLINKS[0], addressFamilies: ['ipx'] }] }),
    `${R}.uplinks[0].addressFamilies[0]: must be "ipv6" or "ipv4", is "ipx"`,
  ],
  [
    router({ uplinks: [{ ...UPLINKS[1], careOfAddresses: 2 }] }),
    `${R}.uplinks[0].careOfAddresses: must be 1 without "ipv6" in addressFamilies, is 2`,
  ],
  [agent({ homePrefixes: [] }), `${A}.ipv4.address: must be an IPv4 address, is missing`],
  [agent({ address: '2001:db8::1' }), `${A}.ipv4.address: must be an IPv4 address, is "2001:db8::1"`],
  [agent({ address: '0.0.0.0' }), `${A}.ipv4.address: must be a unicast address, is "0.0.0.0"`],
  [agent({ ...SERVED, homePrefixes: ['198.51.100.0'] }), `${A}.ipv4.homePrefixes[0]: ${IPV4_EXAMPLE} "198.51.100.0"`],
  [
    agent({ ...SERVED, prefixPools: ['10.64.0.1/12'] }),
    `${A}.ipv4.prefixPools[0]: must have no bits behind its length: 10.64.0.0/12, is 10.64.0.1/12`,
  ],
  [
    agent({ ...SERVED, homePrefixes: ['198.51.100.0/24', '198.51.100.0/25'] }),
    `${A}.ipv4.homePrefixes[1]: must not overlap ${A}.ipv4.homePrefixes[0] (198.51.100.0/24), is "198.51.100.0/25"`,
  ],
  [
    agent({ ...SERVED, prefixPools: ['198.51.100.64/26'] }),
    `${A}.ipv4.prefixPools[0]: must not overlap ${A}.ipv4.homePrefixes[0] (198.51.100.0/25), is "198.51.100.64/26"`,
  ],
  [
    agent(SERVED, node(1, { prefixes: ['10.64.3.0/24'] })),
    `${A}.mobileNodes[0].ipv4.prefixes[0]: must not overlap ${A}.ipv4.prefixPools[0] (10.64.0.0/12), is "10.64.3.0/24"`,
  ],
  [
    agent(SERVED, node(1, { prefixes: ['203.0.113.0/28'] }), node(2, { prefixes: ['203.0.113.8/29'] })),
    `${A}.mobileNodes[1].ipv4.prefixes[0]: must not overlap ${A}.mobileNodes[0].ipv4.prefixes[0] (203.0.113.0/28), is "203.0.113.8/29"`,
  ],
  [
    agent({ ...SERVED, address: '10.64.0.1' }),
    `${A}.ipv4.address: must lie outside ${A}.ipv4.prefixPools[0] (10.64.0.0/12), is "10.64.0.1"`,
  ],
  [
    agent(SERVED, node(1, { homeAddress: '198.51.100.200' })),
    `${A}.mobileNodes[0].ipv4.homeAddress: must lie in ${A}.ipv4.homePrefixes (198.51.100.0/25), is "198.51.100.200"`,
  ],
  [
    agent({ address: '192.0.2.1' }, node(1, { homeAddress: '198.51.100.2' })),
    `${A}.mobileNodes[0].ipv4.homeAddress: must lie in ${A}.ipv4.homePrefixes (none), is "198.51.100.2"`,
  ],
  [
    agent(SERVED, node(1, { homeAddress: '198.51.100.7' }), node(2, { homeAddress: '198.51.100.7' })),
    `${A}.mobileNodes[1].ipv4.homeAddress: must differ from ${A}.mobileNodes[0].ipv4.homeAddress, is "198.51.100.7"`,
  ],
  [
    agent({ ...SERVED, address: '198.51.100.7' }, node(1, { homeAddress: '198.51.100.7' })),
    `${A}.mobileNodes[0].ipv4.homeAddress: must differ from ${A}.ipv4.address, is "198.51.100.7"`,
  ],
  [
    agent(SERVED, node(1, { homeAddress: 'dynamic' })),
    `${A}.mobileNodes[0].ipv4.homeAddress: must be an IPv4 address, is "dynamic"`,
  ],
  [
    agent(undefined, node(1, { homeAddress: '198.51.100.7' })),
    `${A}.mobileNodes[0].ipv4: must be left out where ${A}.ipv4 is missing`,
  ],
  [
    agent(SERVED, node(1, { prefixes: ['203.0.113.0/28'] }, { mobileRouter: false })),
    `${A}.mobileNodes[0].ipv4.prefixes: must be empty where mobileRouter is false, is a list of 1`,
  ],
  [agent({ ...SERVED, leaseSeconds: -1 }), `${A}.ipv4.leaseSeconds: must be a whole number from 0 to 31536000, is -1`],
  [
    agent({ ...SERVED, natRefreshSeconds: 4 }),
    `${A}.ipv4.natRefreshSeconds: must be a whole number from 5 to 3600, is 4`,
  ],
  [
    agent({ ...SERVED, allowForcedUdpEncapsulation: 1 }),
    `${A}.ipv4.allowForcedUdpEncapsulation: must be true or false, is 1`,
  ],
];

for (const [document, line] of MISTAKES) {
  test(`a mistake gives one line: ${line}`, () => {
    assert.equal((parsed(document).problems ?? []).map(formatProblem), [line]);
  });
}

// --- what is only dangerous ------------------------------------------------------------------------------------------

test('an uplink that may be IPv4 too is warned of where the agent has no IPv4 address, if the configuration names IPv4', () => {
  const warnings = (uplink: Keys) => {
    const result = parsed(router({ homeAgentIpv4Address: undefined, uplinks: [{ ...UPLINKS[0], ...uplink }] }));
    assert.is(result.problems, undefined);
    return (result.configuration ? result.warnings : []).map(formatProblem).filter((line) => !line.includes('"none"'));
  };
  assert.equal(warnings({ addressFamilies: ['ipv6', 'ipv4'] }), [
    `${R}.homeAgentIpv4Address: is missing, and so is homeAgentName: cellular is of no use with IPv4 alone`,
  ]);
  assert.equal(warnings({ addressFamilies: ['ipv6'] }), []);
  assert.equal(warnings({}), []);
});

test.run();
