import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../src/bytes/address.ts';
import { prefix } from '../../../src/bytes/prefix.ts';
import { formatProblem, parseConfiguration } from '../../../src/config/parse-configuration.ts';

type Tree = { [key: string]: Tree } & { [index: number]: Tree };

const ROUTER = {
  mobileRouter: {
    homeAddress: '2001:db8:100::1',
    homeAgentAddress: '2001:db8:1::1',
    prefixes: ['2001:db8:100:1::/64', '2001:db8:100:2::/64'],
    authentication: 'none',
    uplinks: [
      { name: 'cellular', interface: 'wwan0' },
      { name: 'wifi', interface: 'wlan0' },
    ],
  },
  mqtt: { host: 'broker.example', vehicleId: 'bus-7' },
};

const AGENT = {
  homeAgent: {
    address: '2001:db8:1::1',
    homePrefixes: ['2001:db8:100::/48'],
    authentication: 'none',
    mobileNodes: [
      { name: 'bus-7', homeAddress: '2001:db8:100::1', prefixes: ['2001:db8:100:1::/64'] },
      { name: 'bus-8', homeAddress: '2001:db8:100::2', prefixes: ['2001:db8:100:2::/64'] },
    ],
  },
};

/** Problem lines of a configuration after `change` has been at it. */
function lines(base: object, change: (tree: Tree) => void): string[] {
  const tree = structuredClone(base) as Tree;
  change(tree);
  const result = parseConfiguration(JSON.stringify(tree));
  return result.problems?.map(formatProblem) ?? [];
}

test('a short mobile router configuration gets every default', () => {
  const { configuration, problems } = parseConfiguration(JSON.stringify(ROUTER));
  assert.is(problems, undefined);
  assert.equal(configuration, {
    mobileRouter: {
      homes: [
        {
          name: 'home',
          homeAddress: address('2001:db8:100::1'),
          homeAgentAddress: address('2001:db8:1::1'),
          prefixes: [prefix('2001:db8:100:1::/64'), prefix('2001:db8:100:2::/64')],
          prefixMode: 'explicit',
          uplinks: ['cellular', 'wifi'],
          careOfHomes: [],
          authentication: 'none',
        },
      ],
      registration: 'bulk',
      lifetimeSeconds: 600,
      firstRegistrationTimeoutMs: 1500,
      selection: 'first-usable',
      udpEncapsulation: 'as-needed',
      natKeepAliveSeconds: 25,
      uplinks: [
        { name: 'cellular', interface: 'wwan0', priority: 1, weight: 1, bid: 1, addressFamilies: ['ipv6', 'ipv4'] },
        { name: 'wifi', interface: 'wlan0', priority: 2, weight: 1, bid: 2, addressFamilies: ['ipv6', 'ipv4'] },
      ],
      probe: { enabled: true, intervalMs: 250, idleIntervalMs: 2000, failuresUntilDead: 3, successesUntilAlive: 3 },
    },
    tunnel: { interface: 'monami0' },
    routing: { firstTable: 5200, firstRulePriority: 5200 },
    control: { socketPath: '/run/monami.sock' },
    log: { level: 'notice', target: 'stderr' },
    mqtt: {
      host: 'broker.example',
      vehicleId: 'bus-7',
      port: 1883,
      clientId: 'monami-bus-7',
      topicPrefix: 'monami',
      retain: true,
      keepAliveSeconds: 60,
      metricsIntervalSeconds: 10,
      outboxMessages: 256,
    },
  });
});

test('a short home agent configuration gets every default', () => {
  const { configuration, problems } = parseConfiguration(JSON.stringify({ $schema: './schema.json', ...AGENT }));
  assert.is(problems, undefined);
  assert.equal(configuration?.homeAgent, {
    address: address('2001:db8:1::1'),
    homePrefixes: [prefix('2001:db8:100::/48')],
    mobileNodes: [
      {
        name: 'bus-7',
        homeAddress: address('2001:db8:100::1'),
        prefixes: [prefix('2001:db8:100:1::/64')],
        mobileRouter: true,
        multipleCareOfAddresses: true,
        authentication: 'none',
      },
      {
        name: 'bus-8',
        homeAddress: address('2001:db8:100::2'),
        prefixes: [prefix('2001:db8:100:2::/64')],
        mobileRouter: true,
        multipleCareOfAddresses: true,
        authentication: 'none',
      },
    ],
    maximumLifetimeSeconds: 3600,
    multipleCareOfAddresses: true,
    bulkRegistration: true,
    maximumBindings: 100000,
    refreshRequests: true,
    addressDiscovery: true,
    prefixAdvertisements: { enabled: true, minimumIntervalSeconds: 600, maximumIntervalSeconds: 86400 },
  });
  assert.not('mobileRouter' in configuration!);
  assert.not('mqtt' in configuration!);
});

test('what the configuration says wins over the defaults', () => {
  const tree = structuredClone(ROUTER) as unknown as Tree;
  const router = tree['mobileRouter'] as unknown as Record<string, unknown>;
  router['lifetimeSeconds'] = 120;
  router['probe'] = { intervalMs: 50 };
  router['uplinks'] = [{ name: 'sat', interface: 'eth1', priority: 9, weight: 5, bid: 77, mtuBytes: 1400 }];
  const { configuration } = parseConfiguration(JSON.stringify(tree));
  assert.is(configuration?.mobileRouter?.lifetimeSeconds, 120);
  assert.is(configuration?.mobileRouter?.probe.intervalMs, 50);
  assert.is(configuration?.mobileRouter?.probe.idleIntervalMs, 2000);
  assert.equal(configuration?.mobileRouter?.uplinks, [
    {
      name: 'sat',
      interface: 'eth1',
      priority: 9,
      weight: 5,
      bid: 77,
      mtuBytes: 1400,
      addressFamilies: ['ipv6', 'ipv4'],
    },
  ]);
});

const set = (path: string, value: unknown) => (tree: Tree) => {
  const steps = path.split('.');
  const last = steps.pop()!;
  const parent = steps.reduce((node, step) => node[step]!, tree);
  if (value === undefined) delete (parent as Record<string, unknown>)[last];
  else (parent as Record<string, unknown>)[last] = value;
};

const UPLINK_NAME = 'must be 1 to 32 of A-Z, a-z, 0-9, _, . and -, the first a letter or digit';
const DEVICE = 'must be the name of a network device, 1 to 15 characters without space, / and :';

/** One mistake, one line. */
const MISTAKES: readonly [object, string, unknown, string][] = [
  [
    ROUTER,
    'mobileRouter.lifetimeSeconds',
    601,
    'mobileRouter.lifetimeSeconds: must be a multiple of 4 from 4 to 262140, is 601',
  ],
  [
    ROUTER,
    'mobileRouter.lifetimeSeconds',
    262144,
    'mobileRouter.lifetimeSeconds: must be a multiple of 4 from 4 to 262140, is 262144',
  ],
  [
    ROUTER,
    'mobileRouter.lifetimeSeconds',
    '600',
    'mobileRouter.lifetimeSeconds: must be a multiple of 4 from 4 to 262140, is "600"',
  ],
  [ROUTER, 'mobileRouter.homeAddress', undefined, 'mobileRouter.homeAddress: must be an IPv6 address, is missing'],
  [
    ROUTER,
    'mobileRouter.homeAddress',
    '2001:db8::g',
    'mobileRouter.homeAddress: must be an IPv6 address, is "2001:db8::g"',
  ],
  [
    ROUTER,
    'mobileRouter.homeAddress',
    '192.0.2.1',
    'mobileRouter.homeAddress: must be an IPv6 address, is "192.0.2.1"',
  ],
  [
    ROUTER,
    'mobileRouter.homeAddress',
    'fe80::1',
    'mobileRouter.homeAddress: must be a unicast address of global or unique local scope, is "fe80::1"',
  ],
  [
    ROUTER,
    'mobileRouter.homeAgentAddress',
    'ff02::1',
    'mobileRouter.homeAgentAddress: must be a unicast address of global or unique local scope, is "ff02::1"',
  ],
  [
    ROUTER,
    'mobileRouter.homeAgentAddress',
    '2001:db8:100::1',
    'mobileRouter.homeAgentAddress: must differ from mobileRouter.homeAddress, is "2001:db8:100::1"',
  ],
  [
    ROUTER,
    'mobileRouter.homeAgentAddress',
    '2001:db8:100:1::9',
    'mobileRouter.homeAgentAddress: must lie outside mobileRouter.prefixes[0], is "2001:db8:100:1::9"',
  ],
  [
    ROUTER,
    'mobileRouter.prefixes',
    [],
    'mobileRouter.prefixes: must be a list of 1 to 64 IPv6 prefixes, is an empty list',
  ],
  [
    ROUTER,
    'mobileRouter.prefixes',
    '2001:db8::/32',
    'mobileRouter.prefixes: must be a list of 1 to 64 IPv6 prefixes, is "2001:db8::/32"',
  ],
  [
    ROUTER,
    'mobileRouter.prefixes.1',
    7,
    'mobileRouter.prefixes[1]: must be an IPv6 prefix such as 2001:db8:1::/48, is 7',
  ],
  [
    ROUTER,
    'mobileRouter.prefixes.0',
    '2001:db8:7::1/48',
    'mobileRouter.prefixes[0]: must have no bits behind its length: 2001:db8:7::/48, is 2001:db8:7::1/48',
  ],
  [
    ROUTER,
    'mobileRouter.prefixes.0',
    '2001:db8:7::/129',
    'mobileRouter.prefixes[0]: must be an IPv6 prefix such as 2001:db8:1::/48, of 3 to 128 bits, is "2001:db8:7::/129"',
  ],
  [
    ROUTER,
    'mobileRouter.prefixes.0',
    '2001:db8:7::',
    'mobileRouter.prefixes[0]: must be an IPv6 prefix such as 2001:db8:1::/48, of 3 to 128 bits, is "2001:db8:7::"',
  ],
  [
    ROUTER,
    'mobileRouter.prefixes.0',
    'fe80::/64',
    'mobileRouter.prefixes[0]: must be a prefix of unicast addresses of global or unique local scope, is "fe80::/64"',
  ],
  [
    ROUTER,
    'mobileRouter.prefixes.1',
    '2001:db8:100:1:8000::/65',
    'mobileRouter.prefixes[1]: must not overlap mobileRouter.prefixes[0] (2001:db8:100:1::/64), is "2001:db8:100:1:8000::/65"',
  ],
  [
    ROUTER,
    'mobileRouter.prefixes.1',
    '2001:db8:100:1::/64',
    'mobileRouter.prefixes[1]: must not overlap mobileRouter.prefixes[0] (2001:db8:100:1::/64), is "2001:db8:100:1::/64"',
  ],
  [
    ROUTER,
    'mobileRouter.prefixMode',
    'automatic',
    'mobileRouter.prefixMode: must be "explicit" or "implicit", is "automatic"',
  ],
  [ROUTER, 'mobileRouter.registration', null, 'mobileRouter.registration: must be "bulk" or "individual", is null'],
  [
    ROUTER,
    'mobileRouter.selection',
    'fastest',
    'mobileRouter.selection: must be "first-usable" or "balance", is "fastest"',
  ],
  [
    ROUTER,
    'mobileRouter.uplinks',
    undefined,
    'mobileRouter.uplinks: must be a list of 1 to 32 uplinks, is missing, and so is mobileRouter.board',
  ],
  [ROUTER, 'mobileRouter.uplinks', {}, 'mobileRouter.uplinks: must be a list of 1 to 32 uplinks, is an object'],
  [ROUTER, 'mobileRouter.uplinks.1', 'wlan0', 'mobileRouter.uplinks[1]: must be an object, is "wlan0"'],
  [ROUTER, 'mobileRouter.uplinks.1.interface', undefined, `mobileRouter.uplinks[1].interface: ${DEVICE}, is missing`],
  [
    ROUTER,
    'mobileRouter.uplinks.0.interface',
    'a-very-long-name',
    `mobileRouter.uplinks[0].interface: ${DEVICE}, is "a-very-long-name"`,
  ],
  [ROUTER, 'mobileRouter.uplinks.0.interface', 'wwan/0', `mobileRouter.uplinks[0].interface: ${DEVICE}, is "wwan/0"`],
  [
    ROUTER,
    'mobileRouter.uplinks.1.interface',
    'wwan0',
    'mobileRouter.uplinks[1].interface: must differ from mobileRouter.uplinks[0].interface, is "wwan0"',
  ],
  [
    ROUTER,
    'mobileRouter.uplinks.1.interface',
    'monami0',
    'mobileRouter.uplinks[1].interface: must differ from tunnel.interface, is "monami0"',
  ],
  [ROUTER, 'mobileRouter.uplinks.0.name', 'cell/ular', `mobileRouter.uplinks[0].name: ${UPLINK_NAME}, is "cell/ular"`],
  [
    ROUTER,
    'mobileRouter.uplinks.1.name',
    'cellular',
    'mobileRouter.uplinks[1].name: must differ from mobileRouter.uplinks[0].name, is "cellular"',
  ],
  [
    ROUTER,
    'mobileRouter.uplinks.1.bid',
    0,
    'mobileRouter.uplinks[1].bid: must be a whole number from 1 to 65535, is 0',
  ],
  [
    ROUTER,
    'mobileRouter.uplinks.1.bid',
    1,
    'mobileRouter.uplinks[1].bid: must differ from mobileRouter.uplinks[0].bid, is 1 (an uplink without bid has its place in the list)',
  ],
  [
    ROUTER,
    'mobileRouter.uplinks.0.weight',
    1001,
    'mobileRouter.uplinks[0].weight: must be a whole number from 1 to 1000, is 1001',
  ],
  [
    ROUTER,
    'mobileRouter.uplinks.0.mtuBytes',
    1279,
    'mobileRouter.uplinks[0].mtuBytes: must be a whole number from 1280 to 65535, is 1279',
  ],
  [
    ROUTER,
    'mobileRouter.uplinks.0.priority',
    1.5,
    'mobileRouter.uplinks[0].priority: must be a whole number from 1 to 65535, is 1.5',
  ],
  [
    ROUTER,
    'mobileRouter.uplinks.0.colour',
    'red',
    'mobileRouter.uplinks[0].colour: is not known; known here are name, interface, priority, weight, bid, mtuBytes, addressFamilies, careOfAddresses',
  ],
  [
    ROUTER,
    'mobileRouter.board',
    'Bus 7',
    'mobileRouter.board: must be the name of a board (a-z, 0-9, -) or an absolute path, is "Bus 7"',
  ],
  [ROUTER, 'mobileRouter.probe', { enabled: 'yes' }, 'mobileRouter.probe.enabled: must be true or false, is "yes"'],
  [
    ROUTER,
    'mobileRouter.probe',
    { idleIntervalMs: 100 },
    'mobileRouter.probe.idleIntervalMs: must be at least mobileRouter.probe.intervalMs (250), is 100',
  ],
  [ROUTER, 'mobileRouter', undefined, 'configuration: must have mobileRouter or homeAgent, has neither'],
  [ROUTER, 'mobileRouter', [], 'mobileRouter: must be an object, is an empty list'],
  [
    ROUTER,
    'homeAgent',
    AGENT.homeAgent,
    'configuration: must have mobileRouter or homeAgent, has both: run two processes',
  ],
  [
    ROUTER,
    'mobilerouter',
    {},
    'mobilerouter: is not known; known here are mobileRouter, homeAgent, tunnel, routing, control, log, mqtt',
  ],
  [ROUTER, 'tunnel', { interface: 'monami/0' }, `tunnel.interface: ${DEVICE}, is "monami/0"`],
  [
    ROUTER,
    'routing',
    { firstTable: 254 },
    "routing.firstTable: must leave the kernel's tables 253 to 255 out of its 33: up to 220 or from 256, is 254",
  ],
  [
    ROUTER,
    'routing',
    { firstTable: 221 },
    "routing.firstTable: must leave the kernel's tables 253 to 255 out of its 33: up to 220 or from 256, is 221",
  ],
  [ROUTER, 'routing', { firstTable: 0 }, 'routing.firstTable: must be a whole number from 1 to 4294967263, is 0'],
  [
    ROUTER,
    'routing',
    { firstRulePriority: 32766 },
    'routing.firstRulePriority: must be a whole number from 1 to 32666, is 32766',
  ],
  [
    ROUTER,
    'control',
    { socketPath: 'run/monami.sock' },
    'control.socketPath: must be an absolute path of at most 107 characters without spaces, is "run/monami.sock"',
  ],
  [
    ROUTER,
    'log',
    { level: 'verbose' },
    'log.level: must be "error", "warning", "notice", "info" or "debug", is "verbose"',
  ],
  [
    ROUTER,
    'mqtt.topicPrefix',
    'fleet/#',
    'mqtt.topicPrefix: must be 1 to 3 levels of 1 to 64 characters, without + and #, not starting with $, is "fleet/#"',
  ],
  [
    ROUTER,
    'mqtt.vehicleId',
    'bus/7',
    'mqtt.vehicleId: must be 1 to 64 of A-Z, a-z, 0-9, _, . and -, the first a letter or digit, is "bus/7"',
  ],
  [ROUTER, 'mqtt.port', 65536, 'mqtt.port: must be a whole number from 1 to 65535, is 65536'],
  [ROUTER, 'mqtt.host', 'mqtt://broker', 'mqtt.host: must be an IP address or a host name, is "mqtt://broker"'],
  [ROUTER, 'mqtt.password', 'hunter2', 'mqtt.username: must be given with mqtt.password, is missing'],
  [ROUTER, 'mqtt.password', 4711, 'mqtt.password: must be text, is something else'],
  [
    AGENT,
    'homeAgent.homePrefixes',
    undefined,
    'homeAgent.homePrefixes: must be a list of 1 to 64 IPv6 prefixes, is missing',
  ],
  [
    AGENT,
    'homeAgent.mobileNodes.1.homeAddress',
    '2001:db8:200::2',
    'homeAgent.mobileNodes[1].homeAddress: must lie in homeAgent.homePrefixes (2001:db8:100::/48), is "2001:db8:200::2"',
  ],
  [
    AGENT,
    'homeAgent.mobileNodes.1.homeAddress',
    '2001:db8:100::1',
    'homeAgent.mobileNodes[1].homeAddress: must differ from homeAgent.mobileNodes[0].homeAddress, is "2001:db8:100::1"',
  ],
  [
    AGENT,
    'homeAgent.mobileNodes.1.homeAddress',
    '2001:db8:100:1::5',
    'homeAgent.mobileNodes[1].homeAddress: must lie outside homeAgent.mobileNodes[0].prefixes[0] (2001:db8:100:1::/64), is "2001:db8:100:1::5"',
  ],
  [
    AGENT,
    'homeAgent.mobileNodes.1.name',
    'bus-7',
    'homeAgent.mobileNodes[1].name: must differ from homeAgent.mobileNodes[0].name, is "bus-7"',
  ],
  [
    AGENT,
    'homeAgent.mobileNodes.1.prefixes.0',
    '2001:db8:100:1::/64',
    'homeAgent.mobileNodes[1].prefixes[0]: must not overlap homeAgent.mobileNodes[0].prefixes[0] (2001:db8:100:1::/64), is "2001:db8:100:1::/64"',
  ],
  [
    AGENT,
    'homeAgent.mobileNodes.1.prefixes.0',
    '2001:db8::/32',
    'homeAgent.mobileNodes[1].prefixes[0]: must not contain homeAgent.homePrefixes[0] (2001:db8:100::/48), is "2001:db8::/32"',
  ],
  [
    AGENT,
    'homeAgent.mobileNodes.1.mobileRouter',
    false,
    'homeAgent.mobileNodes[1].prefixes: must be empty where mobileRouter is false, is a list of 1',
  ],
  [
    AGENT,
    'homeAgent.address',
    '2001:db8:100:1::1',
    'homeAgent.address: must lie outside homeAgent.mobileNodes[0].prefixes[0], is "2001:db8:100:1::1"',
  ],
  [
    AGENT,
    'homeAgent.address',
    '2001:db8:100::2',
    'homeAgent.mobileNodes[1].homeAddress: must differ from homeAgent.address, is "2001:db8:100::2"',
  ],
  [
    AGENT,
    'homeAgent.maximumLifetimeSeconds',
    3,
    'homeAgent.maximumLifetimeSeconds: must be a multiple of 4 from 4 to 262140, is 3',
  ],
  [
    AGENT,
    'homeAgent.homePrefixes.1',
    '2001:db8:100::/56',
    'homeAgent.homePrefixes[1]: must not overlap homeAgent.homePrefixes[0] (2001:db8:100::/48), is "2001:db8:100::/56"',
  ],
];

for (const [index, [base, path, value, line]] of MISTAKES.entries())
  test(`mistake ${index + 1} gives one line: ${line}`, () => {
    assert.equal(lines(base, set(path, value)), [line]);
  });

test('all mistakes of a file are listed', () => {
  const found = lines(ROUTER, (tree) => {
    set('mobileRouter.lifetimeSeconds', 601)(tree);
    set('mobileRouter.uplinks.0.bid', 70000)(tree);
    set('mobileRouter.uplinks.1.name', 'cellular')(tree);
    set('mobileRouter.prefixes.1', 'x')(tree);
    set('logs', {})(tree);
  });
  assert.equal(
    found.map((line) => line.slice(0, line.indexOf(':'))),
    [
      'logs',
      'mobileRouter.lifetimeSeconds',
      'mobileRouter.uplinks[0].bid',
      'mobileRouter.prefixes[1]',
      'mobileRouter.uplinks[1].name',
    ],
  );
});

test('a mobile network inside the home prefix and a home address in the own mobile network are allowed', () => {
  assert.equal(lines(AGENT, set('homeAgent.mobileNodes.0.homeAddress', '2001:db8:100:1::1')), []);
});

test('what is not JSON is reported with line and column', () => {
  const rows: [string, string][] = [
    ['', 'configuration: not JSON at line 1, column 1: expected a value, found the end'],
    [
      '{\n  "log": {\n    "level": "info",\n  }\n}',
      'configuration: not JSON at line 4, column 3: expected a key in double quotes, found "}"',
    ],
    ['{"log" {}}', 'configuration: not JSON at line 1, column 8: expected ":", found "{"'],
    ['{"log": {}\n"mqtt": {}}', 'configuration: not JSON at line 2, column 1: expected "," or "}", found "\\""'],
    ['{"log": {}, "log": {}}', 'configuration: not JSON at line 1, column 13: key "log" is here twice'],
    ['{} {}', 'configuration: not JSON at line 1, column 4: expected nothing more, found "{"'],
    ['{"log": "\\q"}', 'configuration: not JSON at line 1, column 10: expected an escape sequence, found "\\\\"'],
    ['{"log": "a\nb"}', 'configuration: not JSON at line 1, column 11: expected a closing quote, found "\\n"'],
    ['[1 2]', 'configuration: not JSON at line 1, column 4: expected "," or "]", found "2"'],
    ['[01]', 'configuration: not JSON at line 1, column 3: expected "," or "]", found "1"'],
    ['['.repeat(100), 'configuration: not JSON at line 1, column 66: nested deeper than 64'],
    ['[]', 'configuration: must be an object, is an empty list'],
  ];
  for (const [text, line] of rows) assert.equal(parseConfiguration(text).problems?.map(formatProblem), [line]);
});

test('keys of the prototype chain are unknown keys', () => {
  const text = JSON.stringify(ROUTER).replace('{', '{"__proto__": {}, "constructor": 1, "toString": 2,');
  const known = 'is not known; known here are mobileRouter, homeAgent, tunnel, routing, control, log, mqtt';
  assert.equal(parseConfiguration(text).problems?.map(formatProblem), [
    `__proto__: ${known}`,
    `constructor: ${known}`,
    `toString: ${known}`,
  ]);
});

const BOARD = {
  model: 'demo',
  title: 'A board',
  uplinks: [{ name: 'lte', kind: 'cellular', interface: 'wwan0', metered: true }],
};

function withBoard(board: unknown, uplinks?: unknown) {
  const tree = structuredClone(ROUTER) as unknown as Tree;
  set('mobileRouter.uplinks', uplinks)(tree);
  set('mobileRouter.board', 'demo')(tree);
  return parseConfiguration(JSON.stringify(tree), (name) =>
    name !== 'demo' || board === undefined ? undefined : JSON.stringify(board),
  );
}

test('a board gives the uplinks, unless the configuration lists its own', () => {
  const uplink = { name: 'lte', interface: 'wwan0', priority: 1, weight: 1, bid: 1, addressFamilies: ['ipv6', 'ipv4'] };
  assert.equal(withBoard(BOARD).configuration?.mobileRouter?.uplinks, [uplink]);
  const own = withBoard(BOARD, [{ name: 'own', interface: 'eth7' }]);
  assert.equal(own.configuration?.mobileRouter?.uplinks, [{ ...uplink, name: 'own', interface: 'eth7' }]);
  assert.not('board' in own.configuration!.mobileRouter!);
});

test('a board that is missing or wrong is a problem of the configuration', () => {
  const missing = 'must be a board with /usr/share/monami/board/demo/description.json, is "demo"';
  assert.equal(withBoard(undefined).problems, [{ path: 'mobileRouter.board', message: missing }]);
  assert.equal(
    withBoard({ ...BOARD, uplinks: [{ ...BOARD.uplinks[0], kind: 'balloon' }] }).problems?.map(formatProblem),
    ['mobileRouter.board "demo".uplinks[0].kind: must be "cellular", "wifi", "satellite" or "ethernet", is "balloon"'],
  );
});

test.run();
