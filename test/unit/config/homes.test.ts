import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../src/bytes/address.ts';
import { prefix } from '../../../src/bytes/prefix.ts';
import { formatProblem, parseConfiguration } from '../../../src/config/parse-configuration.ts';

const UPLINKS = [
  { name: 'cellular', interface: 'wwan0' },
  { name: 'wifi', interface: 'wlan0', careOfAddresses: 3 },
];
const DEPOT = {
  name: 'depot',
  homeAddress: '2001:db8:1:f::2',
  homeAgentAddress: '2001:db8:1::1',
  prefixes: ['2001:db8:2:1::/64'],
  authentication: 'none',
};
const HARBOUR = {
  name: 'harbour',
  homeAddress: '2001:db8:7:f::2',
  homePrefix: '2001:db8:7:f::/64',
  uplinks: ['wifi', 'depot'],
  homeLink: { interface: 'eth9', simultaneous: true },
  authentication: 'none',
};

type Parts = Record<string, unknown>;

function parse(homes: readonly Parts[], more: Parts = {}) {
  return parseConfiguration(JSON.stringify({ mobileRouter: { homes, uplinks: UPLINKS, ...more } }));
}

function lines(homes: readonly Parts[], more: Parts = {}): string[] {
  return parse(homes, more).problems?.map(formatProblem) ?? [];
}

test('[MHA-4-01, MHA-4-02] several homes, each with its own agent, prefixes and uplinks', () => {
  const { configuration, problems } = parse([DEPOT, HARBOUR]);
  assert.is(problems, undefined);
  assert.equal(configuration?.mobileRouter?.homes, [
    {
      name: 'depot',
      homeAddress: address('2001:db8:1:f::2'),
      homeAgentAddress: address('2001:db8:1::1'),
      prefixes: [prefix('2001:db8:2:1::/64')],
      prefixMode: 'explicit',
      uplinks: ['cellular', 'wifi', 'wifi.2', 'wifi.3'],
      careOfHomes: [],
      authentication: 'none',
    },
    {
      name: 'harbour',
      homeAddress: address('2001:db8:7:f::2'),
      homePrefix: prefix('2001:db8:7:f::/64'),
      prefixes: [],
      prefixMode: 'explicit',
      uplinks: ['wifi', 'wifi.2', 'wifi.3'],
      careOfHomes: ['depot'],
      homeLink: { interface: 'eth9', simultaneous: true },
      authentication: 'none',
    },
  ]);
});

test('[5648-5.1-02, MHA-5.3-01] several care-of addresses of a link get Binding Identifiers that nobody else has, the same each time', () => {
  const uplinks = [...UPLINKS, { name: 'satellite', interface: 'eth3', bid: 4 }];
  for (let start = 0; start < 3; start++) {
    const { configuration } = parse([DEPOT], { uplinks });
    assert.equal(
      configuration?.mobileRouter?.uplinks.map(({ name, interface: device, bid, ordinal }) => [
        name,
        device,
        bid,
        ordinal,
      ]),
      [
        ['cellular', 'wwan0', 1, undefined],
        ['wifi', 'wlan0', 2, undefined],
        ['wifi.2', 'wlan0', 3, 2],
        ['wifi.3', 'wlan0', 5, 3],
        ['satellite', 'eth3', 4, undefined],
      ],
    );
  }
});

test('the keys of one home stand in the home or directly in mobileRouter, not in both', () => {
  assert.equal(lines([DEPOT], { homeAddress: '2001:db8:1:f::9', prefixes: ['2001:db8:9::/64'] }), [
    'mobileRouter.homeAddress: must stand in the homes, where mobileRouter.homes is given',
    'mobileRouter.prefixes: must stand in the homes, where mobileRouter.homes is given',
  ]);
});

const without = (home: Parts, ...keys: string[]) =>
  Object.fromEntries(Object.entries(home).filter(([key]) => !keys.includes(key)));

/** One mistake, one line. */
const MISTAKES: readonly [string, readonly Parts[], string][] = [
  [
    'a home agent that cannot be found',
    [without(DEPOT, 'homeAgentAddress')],
    'mobileRouter.homes[0].homeAgentAddress: must be an IPv6 address, is missing, and so are mobileRouter.homes[0].homePrefix to look for an agent in and homeAgentName',
  ],
  [
    'a home without address',
    [without(DEPOT, 'homeAddress')],
    'mobileRouter.homes[0].homeAddress: must be an IPv6 address, is missing',
  ],
  [
    'a home address outside its prefix',
    [{ ...HARBOUR, uplinks: ['wifi'], homeAddress: '2001:db8:8:f::2' }],
    'mobileRouter.homes[0].homeAddress: must lie in mobileRouter.homes[0].homePrefix (2001:db8:7:f::/64), is "2001:db8:8:f::2"',
  ],
  [
    'a home prefix that is longer than a link’s',
    [{ ...HARBOUR, uplinks: ['wifi'], homePrefix: '2001:db8:7:f::/80' }],
    'mobileRouter.homes[0].homePrefix: must have at most 64 bits, is "2001:db8:7:f::/80"',
  ],
  [
    'a home link that cannot be recognised',
    [{ ...DEPOT, homeLink: { interface: 'eth9' } }],
    'mobileRouter.homes[0].homePrefix: must be given with mobileRouter.homes[0].homeLink, is missing',
  ],
  [
    'a home link behind the tunnel',
    [{ ...HARBOUR, uplinks: ['wifi'], homeLink: { interface: 'monami0' } }],
    'mobileRouter.homes[0].homeLink.interface: must differ from tunnel.interface, is "monami0"',
  ],
  [
    'one home address twice',
    [DEPOT, { ...HARBOUR, homePrefix: '2001:db8:1:f::/64', homeAddress: DEPOT.homeAddress }],
    'mobileRouter.homes[1].homeAddress: must differ from mobileRouter.homes[0].homeAddress, is "2001:db8:1:f::2"',
  ],
  [
    'one name twice',
    [DEPOT, { ...DEPOT, homeAddress: '2001:db8:1:f::3', prefixes: [] }],
    'mobileRouter.homes[1].name: must differ from mobileRouter.homes[0].name, is "depot"',
  ],
  [
    'prefixes of two homes that overlap',
    [DEPOT, { ...HARBOUR, prefixes: ['2001:db8:2:1:8000::/65'] }],
    'mobileRouter.homes[1].prefixes[0]: must not overlap mobileRouter.homes[0].prefixes[0] (2001:db8:2:1::/64), is "2001:db8:2:1:8000::/65"',
  ],
  [
    'a home agent inside the vehicle',
    [DEPOT, { ...HARBOUR, prefixes: ['2001:db8:1::/64'] }],
    'mobileRouter.homes[0].homeAgentAddress: must lie outside mobileRouter.homes[1].prefixes[0], is "2001:db8:1::1"',
  ],
  [
    'an unknown uplink',
    [{ ...DEPOT, uplinks: ['cellular', 'lora'] }],
    'mobileRouter.homes[0].uplinks[1]: must be one of cellular, wifi, is "lora"',
  ],
  [
    'an uplink twice',
    [{ ...DEPOT, uplinks: ['wifi', 'wifi'] }],
    'mobileRouter.homes[0].uplinks[1]: must differ from mobileRouter.homes[0].uplinks[0], is "wifi"',
  ],
  [
    'a home with the name of an uplink',
    [{ ...DEPOT, name: 'wifi' }],
    'mobileRouter.homes[0].name: must differ from the uplinks\' names, is "wifi"',
  ],
  [
    'a home that carries itself',
    [{ ...DEPOT, uplinks: ['wifi', 'depot'] }],
    'mobileRouter.homes[0].uplinks[1]: must not lead back to "depot": two home addresses cannot carry each other, is "depot"',
  ],
];

for (const [what, homes, line] of MISTAKES) {
  test(`${what} gives one line`, () => assert.equal(lines(homes), [line]));
}

test('[MHA-6.3.1-02] home addresses that carry each other in a circle are refused, however long the circle', () => {
  const [first, second, third] = ['a', 'b', 'c'].map((name, index) => ({
    ...DEPOT,
    name,
    homeAddress: `2001:db8:1:f::${index + 1}`,
    prefixes: [],
  })) as unknown as [typeof DEPOT, typeof DEPOT, typeof DEPOT];
  const refused = (homes: readonly Parts[]) => lines(homes).filter((line) => line.includes('must not lead back'));
  const pair = [
    { ...first, uplinks: ['b'] },
    { ...second, uplinks: ['a'] },
  ];
  assert.is(refused(pair).length, 2);
  const ring = [
    { ...first, uplinks: ['b'] },
    { ...second, uplinks: ['c'] },
    { ...third, uplinks: ['a'] },
  ];
  assert.is(refused(ring).length, 3);
  const chain = [{ ...first, uplinks: ['b', 'c'] }, { ...second, uplinks: ['c'] }, third];
  assert.equal(lines(chain), []);
});

test('care-of addresses and home links have a routing table each: 32 in all', () => {
  const uplinks = Array.from({ length: 5 }, (_, index) => ({
    name: `u${index}`,
    interface: `eth${index}`,
    careOfAddresses: 7,
  }));
  assert.equal(lines([DEPOT], { uplinks }), [
    'mobileRouter.uplinks: must have at most 32 care-of addresses and home links in all, has 35',
  ]);
});

test('the name of a further care-of address is taken', () => {
  const uplinks = [UPLINKS[1], { name: 'wifi.2', interface: 'eth1' }];
  assert.equal(lines([DEPOT], { uplinks }), [
    'mobileRouter.uplinks: must leave names such as wifi.2 to the further care-of addresses of wifi',
  ]);
});

test.run();
