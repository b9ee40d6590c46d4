import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatPrefix } from '../../../src/bytes/prefix.ts';
import type { HomeAgentConfiguration } from '../../../src/config/configuration.ts';
import { formatProblem, parseConfiguration } from '../../../src/config/parse-configuration.ts';

type Keys = Readonly<Record<string, unknown>>;

function document(more: Keys = {}): string {
  return JSON.stringify({
    homeAgent: {
      address: '2001:db8:1::1',
      homePrefixes: ['2001:db8:1:f::/64', '2001:db8:1:e::/64'],
      mobileNodes: [{ name: 'bus', homeAddress: '2001:db8:1:f::2', authentication: 'none' }],
      ...more,
    },
  });
}

function parsed(more: Keys = {}): HomeAgentConfiguration {
  const result = parseConfiguration(document(more));
  if (!result.configuration) throw new TypeError(result.problems.map(formatProblem).join());
  return result.configuration.homeAgent!;
}

function problemsOf(more: Keys): string[] {
  return (parseConfiguration(document(more)).problems ?? []).map(formatProblem);
}

const withLink = (link: Keys) => ({ homeLink: { interface: 'home0', ...link } });
const withAdvertise = (advertise: Keys) => withLink({ advertise });

test('without a home link, all home prefixes are virtual, and the rest has its defaults', () => {
  const agent = parsed();
  assert.is(agent.homeLink, undefined);
  assert.is(agent.refreshAdviceSeconds, undefined);
  assert.is(agent.refreshRequests, true);
  assert.is(agent.addressDiscovery, true);
});

test('[6275-13-01] the limits of prefix advertisements are the standard’s, and can be set', () => {
  assert.equal(parsed().prefixAdvertisements, {
    enabled: true,
    minimumIntervalSeconds: 600,
    maximumIntervalSeconds: 86_400,
  });
  const own = { enabled: false, minimumIntervalSeconds: 10, maximumIntervalSeconds: 20 };
  assert.equal(parsed({ prefixAdvertisements: own }).prefixAdvertisements, own);
});

test('a home link has all home prefixes unless it names some', () => {
  const prefixes = (more: Keys) => parsed(withLink(more)).homeLink!.prefixes.map(formatPrefix);
  assert.equal(prefixes({}), ['2001:db8:1:f::/64', '2001:db8:1:e::/64']);
  assert.equal(prefixes({ prefixes: ['2001:db8:1:e::/64'] }), ['2001:db8:1:e::/64']);
  const { onlyRouter, simultaneousHomeAndForeign, advertise } = parsed(withLink({})).homeLink!;
  assert.equal([onlyRouter, simultaneousHomeAndForeign, advertise], [false, true, undefined]);
});

test('[6275-7.5-04, 6275-7.5-05, 6275-7.5-07] advertisements have the intervals of RFC 4861 by default', () => {
  assert.equal(parsed(withAdvertise({})).homeLink!.advertise, {
    preference: 0,
    minimumIntervalMs: 200_000,
    maximumIntervalMs: 600_000,
    minimumDelayMs: 3000,
    unsolicited: true,
    intervalOption: true,
    mobileRouters: true,
    validLifetimeSeconds: 2_592_000,
    preferredLifetimeSeconds: 604_800,
  });
});

test('[6275-7.5-02, 6275-7.5-06, 6275-13-01] intervals can be set for the link, down to 30 and 70 ms', () => {
  const fast = { minimumIntervalMs: 30, maximumIntervalMs: 70, minimumDelayMs: 30 };
  const { minimumIntervalMs, maximumIntervalMs, minimumDelayMs } = parsed(withAdvertise(fast)).homeLink!.advertise!;
  assert.equal({ minimumIntervalMs, maximumIntervalMs, minimumDelayMs }, fast);
});

test('[6275-8.1-01] without a role there is nothing that handles any of it', () => {
  assert.equal((parseConfiguration('{}').problems ?? []).map(formatProblem), [
    'configuration: must have mobileRouter or homeAgent, has neither',
  ]);
});

const MISTAKES: readonly (readonly [what: string, keys: Keys, problem: string])[] = [
  [
    'no interface',
    { homeLink: {} },
    'homeAgent.homeLink.interface: must be the name of a network device, 1 to 15 characters without space, / and :, is missing',
  ],
  [
    'the tunnel as home link',
    { homeLink: { interface: 'monami0' } },
    'homeAgent.homeLink.interface: must differ from tunnel.interface, is "monami0"',
  ],
  [
    'a prefix that is no home prefix',
    withLink({ prefixes: ['2001:db8:1:d::/64'] }),
    'homeAgent.homeLink.prefixes[0]: must be one of homeAgent.homePrefixes, is "2001:db8:1:d::/64"',
  ],
  [
    'a prefix twice',
    withLink({ prefixes: ['2001:db8:1:f::/64', '2001:db8:1:f::/64'] }),
    'homeAgent.homeLink.prefixes[1]: must not overlap homeAgent.homeLink.prefixes[0] (2001:db8:1:f::/64), is "2001:db8:1:f::/64"',
  ],
  [
    'a minimum interval above three quarters of the maximum',
    withAdvertise({ minimumIntervalMs: 800, maximumIntervalMs: 1000 }),
    'homeAgent.homeLink.advertise.minimumIntervalMs: must be at most 0.75 of maximumIntervalMs (1000), is 800',
  ],
  [
    'a maximum interval below 70 ms',
    withAdvertise({ minimumIntervalMs: 30, maximumIntervalMs: 60 }),
    'homeAgent.homeLink.advertise.maximumIntervalMs: must be a whole number from 70 to 1800000, is 60',
  ],
  [
    'a home agent lifetime of 0',
    withAdvertise({ lifetimeSeconds: 0 }),
    'homeAgent.homeLink.advertise.lifetimeSeconds: must be a whole number from 1 to 65535, is 0',
  ],
  [
    'preferred for longer than valid',
    withAdvertise({ preferredLifetimeSeconds: 200, validLifetimeSeconds: 100 }),
    'homeAgent.homeLink.advertise.preferredLifetimeSeconds: must be at most validLifetimeSeconds (100), is 200',
  ],
  [
    'an unknown key',
    withAdvertise({ prefernce: 3 }),
    'homeAgent.homeLink.advertise.prefernce: is not known; known here are preference, lifetimeSeconds, ' +
      'routerLifetimeSeconds, minimumIntervalMs, maximumIntervalMs, minimumDelayMs, unsolicited, intervalOption, ' +
      'mobileRouters, validLifetimeSeconds, preferredLifetimeSeconds',
  ],
  [
    'prefix advertisements whose limits cross',
    { prefixAdvertisements: { minimumIntervalSeconds: 700, maximumIntervalSeconds: 600 } },
    'homeAgent.prefixAdvertisements.minimumIntervalSeconds: must be at most maximumIntervalSeconds (600), is 700',
  ],
  [
    'refresh advice that no field can say',
    { refreshAdviceSeconds: 10 },
    'homeAgent.refreshAdviceSeconds: must be a multiple of 4 from 4 to 262140, is 10',
  ],
];

for (const [what, keys, problem] of MISTAKES) {
  test(`${what} is refused, with the key and what is allowed`, () => assert.equal(problemsOf(keys), [problem]));
}

test.run();
