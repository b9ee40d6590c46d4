// Keys in a configuration: demanded, checked, and never shown.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatHex } from '../../../src/bytes/hex.ts';
import type { SecurityAssociation } from '../../../src/config/configuration.ts';
import type { FileContent } from '../../../src/config/files.ts';
import {
  type ConfigurationResult,
  formatProblem,
  parseConfiguration,
} from '../../../src/config/parse-configuration.ts';

const KEY = '00112233445566778899aAbBcCdDeEfF';
const OTHER_KEY = 'f0e1d2c3b4a5968778695a4b3c2d1e0f';
const KEY_FILE = '/etc/monami/home.key';
const NONE_WARNING = 'whoever can send packets here can register these home addresses and take over their traffic';

const WORDS = 'must be {"spi": …, "key": … or "keyFile": …} or "none"';

function router(authentication: unknown) {
  return {
    mobileRouter: {
      homeAddress: '2001:db8:100::1',
      homeAgentAddress: '2001:db8:1::1',
      prefixes: ['2001:db8:100:1::/64'],
      uplinks: [{ name: 'cellular', interface: 'wwan0' }],
      authentication,
    },
  };
}

function agent(nodes: readonly unknown[], more: object = {}) {
  return {
    homeAgent: {
      address: '2001:db8:1::1',
      homePrefixes: ['2001:db8:100::/48'],
      mobileNodes: nodes.map((authentication, index) => ({
        name: `bus-${index}`,
        homeAddress: `2001:db8:100::${index + 1}`,
        authentication,
      })),
      ...more,
    },
  };
}

function parse(document: object, content: FileContent = { problem: 'No such file or directory' }): ConfigurationResult {
  const read = (path: string) => (path === KEY_FILE ? content : { problem: 'No such file or directory' });
  return parseConfiguration(JSON.stringify(document), undefined, { read });
}

function lines(document: object, content?: FileContent): string[] {
  return parse(document, content).problems?.map(formatProblem) ?? [];
}

function warnings(document: object, content?: FileContent): string[] {
  const result = parse(document, content);
  assert.is(result.problems, undefined);
  return result.configuration ? result.warnings.map(formatProblem) : [];
}

function association(result: ConfigurationResult): SecurityAssociation {
  const { authentication } = result.configuration!.mobileRouter!.homes[0]!;
  if (authentication === 'none') throw new TypeError('no association');
  return authentication;
}

test('[6275-5.1-06] [4285-5.1-06] a key, an SPI and a window of 7 s make a security association', () => {
  const found = association(parse(router({ spi: 256, key: KEY })));
  assert.is(found.spi, 256);
  assert.is(formatHex(found.key.reveal()), KEY.toLowerCase());
  assert.is(found.replayWindowSeconds, 7);
  assert.is(found.prefixDiscovery, false);
  assert.not('identifier' in found);
});

test('a key is read from its file, with white space around it', () => {
  const content = { text: ` ${KEY}\n`, mode: 0o600 };
  const result = parse(router({ spi: 4294967295, keyFile: KEY_FILE, identifier: 'bus-12@fleet.example' }), content);
  assert.is(formatHex(association(result).key.reveal()), KEY.toLowerCase());
  assert.is(association(result).identifier, 'bus-12@fleet.example');
  assert.equal(result.configuration && result.warnings, []);
});

test('a key file that everybody can read draws a warning, one for its group does not', () => {
  const document = router({ spi: 256, keyFile: KEY_FILE });
  assert.equal(warnings(document, { text: KEY, mode: 0o644 }), [
    `mobileRouter.authentication.keyFile: ${KEY_FILE} can be read by everybody: chmod 600 ${KEY_FILE}`,
  ]);
  assert.equal(warnings(document, { text: KEY, mode: 0o640 }), []);
});

test('several homes have a key each', () => {
  const home = (name: string, number: number, key: string) => ({
    name,
    homeAddress: `2001:db8:100::${number}`,
    homeAgentAddress: '2001:db8:1::1',
    authentication: { spi: 300 + number, key },
  });
  const uplinks = [{ name: 'cellular', interface: 'wwan0' }];
  const homes = [home('north', 1, KEY), home('south', 2, OTHER_KEY)];
  const { configuration } = parse({ mobileRouter: { homes, uplinks } });
  assert.equal(
    configuration!.mobileRouter!.homes.map(({ authentication }) => authentication !== 'none' && authentication.spi),
    [301, 302],
  );
  assert.equal(lines({ mobileRouter: { homes, uplinks, authentication: 'none' } }), [
    'mobileRouter.authentication: must stand in the homes, where mobileRouter.homes is given',
  ]);
  assert.equal(lines({ mobileRouter: { homes: [{ ...homes[0], authentication: undefined }], uplinks } }), [
    `mobileRouter.homes[0].authentication: ${WORDS}, is missing`,
  ]);
});

test('"none" has to be said, and is warned of once', () => {
  assert.equal(warnings(router('none')), [`mobileRouter.authentication: is "none": ${NONE_WARNING}`]);
  assert.equal(warnings(agent([{ spi: 256, key: KEY }, 'none'])), [
    `homeAgent.mobileNodes[1].authentication: is "none": ${NONE_WARNING}`,
  ]);
  assert.equal(warnings(agent([undefined, undefined, undefined], { authentication: 'none' })), [
    `homeAgent.authentication: is "none": ${NONE_WARNING}`,
  ]);
});

test('[4285-2-01] prefix discovery beside a key has to be asked for, and is warned of', () => {
  const document = router({ spi: 256, key: KEY, prefixDiscovery: true });
  assert.is(association(parse(document)).prefixDiscovery, true);
  assert.equal(warnings(document), [
    'mobileRouter.authentication.prefixDiscovery: is true: no key protects what is said about the prefixes of the home link',
  ]);
});

test('a node of a home agent with "none" may have a key all the same', () => {
  const { configuration } = parse(agent([undefined, { spi: 256, key: KEY }], { authentication: 'none' }));
  const all = configuration!.homeAgent!.mobileNodes.map(({ authentication }) => authentication);
  assert.is(all[0], 'none');
  assert.is.not(all[1], 'none');
});

test('[6275-5.1-07] two mobile nodes with one key are refused', () => {
  assert.equal(
    lines(
      agent([
        { spi: 256, key: KEY },
        { spi: 257, key: KEY.toLowerCase() },
        { spi: 256, key: OTHER_KEY },
      ]),
    ),
    [
      'homeAgent.mobileNodes[1].authentication: must have a key of its own, has that of homeAgent.mobileNodes[0].authentication',
    ],
  );
});

/** What is wrong with it, the authentication, and the line that says so. */
const MISTAKES: readonly (readonly [string, unknown, string])[] = [
  ['nothing', undefined, `mobileRouter.authentication: ${WORDS}, is missing`],
  ['another word', 'no', `mobileRouter.authentication: ${WORDS}, is something else`],
  ['a key alone', KEY, `mobileRouter.authentication: ${WORDS}, is something else`],
  ['a list', [KEY], `mobileRouter.authentication: ${WORDS}, is something else`],
  [
    'no SPI',
    { key: KEY },
    'mobileRouter.authentication.spi: must be a whole number from 256 to 4294967295, is missing',
  ],
  [
    '[4285-5.1-02] a reserved SPI',
    { spi: 255, key: KEY },
    'mobileRouter.authentication.spi: must be a whole number from 256 to 4294967295, is 255',
  ],
  [
    'an SPI of more than 32 bits',
    { spi: 4294967296, key: KEY },
    'mobileRouter.authentication.spi: must be a whole number from 256 to 4294967295, is 4294967296',
  ],
  [
    '[4285-5.1-03] a key of 15 octets',
    { spi: 256, key: KEY.slice(2) },
    'mobileRouter.authentication.key: must be 32 hex digits, is something else',
  ],
  [
    'a key of 17 octets',
    { spi: 256, key: `${KEY}00` },
    'mobileRouter.authentication.key: must be 32 hex digits, is something else',
  ],
  [
    'a key that is no hex',
    { spi: 256, key: KEY.replace('0', 'x') },
    'mobileRouter.authentication.key: must be 32 hex digits, is something else',
  ],
  ['neither key nor file', { spi: 256 }, 'mobileRouter.authentication: must have key or keyFile, has neither'],
  [
    'both',
    { spi: 256, key: KEY, keyFile: KEY_FILE },
    'mobileRouter.authentication: must have key or keyFile, has both',
  ],
  [
    'the key where its file belongs',
    { spi: 256, keyFile: KEY },
    'mobileRouter.authentication.keyFile: must be the absolute path of a file, is something else',
  ],
  [
    'a file that is not there',
    { spi: 256, keyFile: KEY_FILE },
    `mobileRouter.authentication.keyFile: must be a file that can be read: No such file or directory, is "${KEY_FILE}"`,
  ],
  [
    '[4285-5.1-07] a window of 3 s',
    { spi: 256, key: KEY, replayWindowSeconds: 3 },
    'mobileRouter.authentication.replayWindowSeconds: must be a whole number from 4 to 300, is 3',
  ],
  [
    'an identifier with a space',
    { spi: 256, key: KEY, identifier: 'bus 12' },
    'mobileRouter.authentication.identifier: must be a Network Access Identifier such as bus-12@fleet.example, of up to 128 characters, is "bus 12"',
  ],
  [
    'an unknown key',
    { spi: 256, key: KEY, algorithm: 'md5' },
    'mobileRouter.authentication.algorithm: is not known; known here are spi, key, keyFile, identifier, replayWindowSeconds, prefixDiscovery',
  ],
];

for (const [what, authentication, line] of MISTAKES)
  test(`${what}: one line says so`, () => assert.equal(lines(router(authentication)), [line]));

test('a mobile node without a key is a mistake unless the home agent as a whole has said "none"', () => {
  assert.equal(lines(agent([undefined])), [`homeAgent.mobileNodes[0].authentication: ${WORDS}, is missing`]);
  assert.equal(lines(agent([{ spi: 256, key: KEY }], { authentication: 'all' })), [
    'homeAgent.authentication: must be "none", is something else',
  ]);
});

test('a file with anything but 32 hex digits is refused, and not shown', () => {
  const problem = `mobileRouter.authentication.keyFile: must be a file with 32 hex digits and nothing else, is "${KEY_FILE}"`;
  for (const text of ['', KEY.slice(1), `${KEY} ${KEY}`, `key=${KEY}`, `${KEY}00`])
    assert.equal(lines(router({ spi: 256, keyFile: KEY_FILE }), { text }), [problem], text);
});

test('no problem and no warning ever shows a key or what was meant to be one', () => {
  const spellings = [KEY, KEY.slice(2), `${KEY}0`, `0x${KEY}`, KEY.replace('0', 'g'), `${KEY}\n`];
  const documents = spellings.flatMap((key) => [
    router({ spi: 255, key }),
    router(key),
    router([key]),
    router({ spi: 256, keyFile: key }),
    router({ spi: 256, key, keyFile: key }),
    router({ spi: 256, key: [key] }),
    router({ spi: 256, key: { [KEY_FILE]: key } }),
    agent([{ spi: 256, key }, { spi: 256, key }, key], { authentication: key }),
    agent(['none', { spi: 'x', key }]),
  ]);
  for (const document of documents) {
    const result = parse(document);
    const told = [...(result.problems ?? []), ...(result.configuration ? result.warnings : [])].map(formatProblem);
    for (const line of told) assert.not.match(line, /00112233|445566|ccddee/i);
  }
});

test('a parsed configuration shows no key, whoever prints it', () => {
  const { configuration } = parse(agent([{ spi: 256, key: KEY }]));
  const text = `${JSON.stringify(configuration)} ${configuration!.homeAgent!.mobileNodes[0]!.authentication}`;
  assert.not.match(text, /00112233/i);
  assert.not.match(text, /"0":0,"1":17/);
  assert.match(text, /"key":"secret"/);
});

test('it is known whether the text itself holds a secret', () => {
  const holds = (result: ConfigurationResult) => result.configuration && result.holdsSecrets;
  assert.is(holds(parse(router({ spi: 256, key: KEY }))), true);
  assert.is(holds(parse(agent([{ spi: 256, key: KEY }]))), true);
  assert.is(holds(parse(router({ spi: 256, keyFile: KEY_FILE }), { text: KEY, mode: 0o600 })), false);
  assert.is(holds(parse(router('none'))), false);
});

test.run();
