import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, isIpv4 } from '../../src/bytes/address.ts';
import { prefix } from '../../src/bytes/prefix.ts';
import { BindingStatus, MessageType, OptionType } from '../../src/wire/mh/numbers.ts';
import type { MobilityOption } from '../../src/wire/mh/options/option.ts';
import { forwarderThat, stackThat, stackThatHears, stackThatSends } from './broken-machines.ts';
import { CLEAN } from './channel.ts';
import { SERVER, SERVER_IPV4 } from './configurations.ts';
import { comingAndGoing } from './coverage.ts';
import { RULES, type Rule } from './judge.ts';
import { REAL_MACHINES } from './monami-host.ts';
import { HEADER_BYTES, icmpError, insideIpv4, isIpv4Packet, Next, nextHeader } from './packets.ts';
import type { DetachStyle, Plan, Scenario, VehiclePlan } from './plan.ts';
import { MINUTE_MS, nat, ordinaryVehicle, PLAIN_WORLD, SECOND_MS } from './scenario/parts.ts';
import { runSeed } from './seeds.ts';
import type { WorldOptions } from './world.ts';

const SEED = 1;
const DURATION_MS = 20 * MINUTE_MS;

/** Two vehicles whose first link comes and goes, so that one takes over the other's address. */
function world(
  vehicle: Partial<VehiclePlan> = {},
  more: Partial<Plan> = {},
  detach: DetachStyle = 'carrier',
  absentMs = 10 * SECOND_MS,
): Scenario {
  return {
    name: 'broken',
    sentence: 'Two vehicles share a carrier, and something is wrong.',
    plan(random) {
      const vehicles = [1, 2].map(() => {
        const times = { presentMs: 3 * MINUTE_MS, absentMs, cells: 1 };
        return ordinaryVehicle(
          random,
          [0, 1].map((carrier) => ({
            name: `modem-${carrier}`,
            carrier,
            detach,
            visits: comingAndGoing(random, times, () => CLEAN),
          })),
          {
            registration: 'individual',
            lifetimeSeconds: 60,
            probe: { intervalMs: 1000, idleIntervalMs: 10_000, failuresUntilDead: 2, successesUntilAlive: 1 },
            trafficIntervalMs: 2000,
            ipv4: 'none',
            ...vehicle,
          },
        );
      });
      const carrier = (name: string) => ({ name, addressing: 'pool' as const, backhaul: CLEAN });
      return {
        ...PLAIN_WORLD,
        authentication: false,
        durationMs: DURATION_MS,
        carriers: [carrier('carrier A'), carrier('carrier B')],
        vehicles,
        ...more,
      };
    },
  };
}

/** The same two vehicles with one modem each, behind a carrier's NAT that gives the port that one has left to the next. */
function natWorld(vehicle: Partial<VehiclePlan> = {}, more: Partial<Plan> = {}): Scenario {
  const plain = world({ ipv4: 'static', natKeepAliveSeconds: 10, ...vehicle }, more, 'carrier', MINUTE_MS);
  return {
    ...plain,
    plan(random) {
      const plan = plain.plan(random);
      const ipv4 = {
        families: ['ipv4'] as const,
        passesTunnels: true,
        externalAddresses: 1,
        nat: nat(random, {
          ...{ ports: 'preserving', timeoutMs: 20 * SECOND_MS },
          ...{ filtering: 'endpoint-independent', refreshedFromOutside: false },
        }),
      };
      return {
        ...plan,
        carriers: plan.carriers.map((carrier) => ({ ...carrier, ipv4 })),
        vehicles: plan.vehicles.map((one) => ({
          ...one,
          uplinks: one.uplinks.slice(0, 1).map(({ modemNat: _, ...uplink }) => uplink),
        })),
      };
    },
  };
}

interface Breakage {
  readonly rule: Rule;
  readonly by: string;
  readonly scenario?: Scenario;
  readonly machines: WorldOptions;
}

const DOUBLING: Partial<Plan> = { homeAgentLink: { ...CLEAN, duplication: 0.3 } };

const BREAKAGES: readonly Breakage[] = [
  {
    rule: 'binding update list and binding cache agree',
    by: 'a mobile router that believes in ten times the lifetime that it was granted',
    machines: {
      mobileRouterMachines: stackThatHears((message) =>
        message.type === MessageType.bindingAcknowledgement && message.lifetimeSeconds > 0
          ? { ...message, lifetimeSeconds: 10 * message.lifetimeSeconds }
          : message,
      ),
    },
    scenario: world({ lifetimeSeconds: 600 }, { homeAgent: { ...PLAIN_WORLD.homeAgent, maximumLifetimeSeconds: 60 } }),
  },
  {
    rule: 'no stale binding stays',
    by: 'a mobile router that never de-registers',
    scenario: world({ lifetimeSeconds: 600 }),
    machines: {
      mobileRouterMachines: stackThatSends((message) =>
        message.type === MessageType.bindingUpdate && message.lifetimeSeconds === 0 ? undefined : message,
      ),
    },
  },
  {
    rule: 'what works is registered',
    by: 'a mobile router that says nothing after its first minute',
    machines: {
      mobileRouterMachines: stackThat((real) => {
        let sinceMs: number | undefined;
        return {
          handle: (input, nowMs) => {
            sinceMs ??= nowMs;
            const isSilent = nowMs > sinceMs + MINUTE_MS;
            return real
              .handle(input, nowMs)
              .filter((action) => !(isSilent && action.type === 'send' && nextHeader(action.bytes) !== Next.icmpv6));
          },
        };
      }),
    },
  },
  {
    rule: 'the binding cache is what was acknowledged',
    by: 'a home agent that holds bindings for half as long as it says',
    scenario: world({ lifetimeSeconds: 600 }, { homeAgent: { ...PLAIN_WORLD.homeAgent, maximumLifetimeSeconds: 60 } }),
    machines: {
      homeAgentMachines: stackThatSends((message) =>
        message.type === MessageType.bindingAcknowledgement
          ? { ...message, lifetimeSeconds: 2 * message.lifetimeSeconds }
          : message,
      ),
    },
  },
  {
    rule: 'acknowledgements are right',
    by: 'a home agent that acknowledges another sequence number',
    machines: {
      homeAgentMachines: stackThatSends((message) =>
        message.type === MessageType.bindingAcknowledgement && message.status < 128
          ? { ...message, sequenceNumber: (message.sequenceNumber + 1) & 0xffff }
          : message,
      ),
    },
  },
  {
    rule: 'sequence numbers only go forward',
    by: 'a home agent that accepts an update twice',
    scenario: world({}, DOUBLING),
    machines: {
      homeAgentMachines: stackThatSends((message) =>
        message.type === MessageType.bindingAcknowledgement &&
        message.status === BindingStatus.sequenceNumberOutOfWindow
          ? { ...message, status: BindingStatus.accepted, lifetimeSeconds: 0 }
          : message,
      ),
    },
  },
  {
    rule: 'sequence numbers only go forward',
    by: 'a mobile router that counts backwards',
    machines: {
      mobileRouterMachines: stackThatSends((message) =>
        message.type === MessageType.bindingUpdate
          ? { ...message, sequenceNumber: 0xffff - message.sequenceNumber }
          : message,
      ),
    },
  },
  {
    rule: 'timestamps only go forward',
    by: 'a home agent that accepts an old timestamp',
    scenario: world({}, { ...DOUBLING, authentication: true }),
    machines: {
      homeAgentMachines: stackThatSends((message) =>
        message.type === MessageType.bindingAcknowledgement && message.status === BindingStatus.mipv6IdMismatch
          ? { ...message, status: BindingStatus.accepted, lifetimeSeconds: 0 }
          : message,
      ),
    },
  },
  {
    rule: 'no packet reaches a wrong vehicle',
    by: 'a mobile router that does not look at who a tunnelled packet is for',
    scenario: world({ trafficIntervalMs: 500 }, { homeAgentLink: { ...CLEAN, delayMs: 1500 } }),
    machines: {
      mobileRouterMachines: forwarderThat((real) => ({
        inbound: (packet, nowMs) => {
          const result = real.inbound(packet, nowMs);
          const isOpen =
            result.kind === 'drop' && (result.reason === 'wrongInnerAddress' || result.reason === 'unknownTunnel');
          return isOpen ? { kind: 'deliver', packet: packet.slice(HEADER_BYTES), tunnelId: 0 } : result;
        },
      })),
    },
  },
  {
    rule: 'no packet reaches a wrong vehicle',
    by: "a mobile router that believes that a NAT's port is always its own",
    scenario: natWorld({ trafficIntervalMs: 1000, lifetimeSeconds: 600 }, { durationMs: 3 * DURATION_MS }),
    machines: {
      mobileRouterMachines: forwarderThat((real) => ({
        inbound: (packet, nowMs) => {
          const result = real.inbound(packet, nowMs);
          const inner = insideIpv4(packet);
          return result.kind === 'drop' && inner ? { kind: 'deliver', packet: inner.slice(), tunnelId: 0 } : result;
        },
      })),
    },
  },
  {
    rule: 'bindings follow the NAT',
    by: 'a mobile router that leaves NATs in silence for two minutes',
    scenario: natWorld({ trafficIntervalMs: 3 * MINUTE_MS, lifetimeSeconds: 600 }),
    machines: {
      mobileRouterMachines: {
        ...REAL_MACHINES,
        stack: ({ mobileRouter, ...others }, services) => {
          const { probe, ...router } = mobileRouter!;
          const quiet = { ...router, natKeepAliveSeconds: 110, probe: { ...probe, enabled: false } };
          return REAL_MACHINES.stack({ ...others, mobileRouter: quiet }, services);
        },
      },
    },
  },
  {
    rule: 'acknowledgements are right',
    by: 'a home agent that says nothing of NATs',
    scenario: natWorld(),
    machines: {
      homeAgentMachines: stackThatSends((message) =>
        message.type === MessageType.bindingAcknowledgement
          ? { ...message, options: message.options.filter(({ type }) => type !== OptionType.natDetection) }
          : message,
      ),
    },
  },
  {
    rule: 'what must arrive arrives',
    by: 'a forwarder that takes no IPv4 packets',
    scenario: natWorld(),
    machines: {
      mobileRouterMachines: forwarderThat((real) => ({
        outbound: (packet, nowMs) =>
          isIpv4Packet(packet) ? { kind: 'drop', reason: 'malformed' } : real.outbound(packet, nowMs),
      })),
    },
  },
  {
    rule: 'no peer sees an error that is ours',
    by: 'a home agent whose kernel sees IPv4 packets for its vehicles',
    scenario: natWorld(),
    machines: {
      homeAgentMachines: forwarderThat((real) => ({
        outbound: (packet, nowMs) => {
          const error = isIpv4Packet(packet) && icmpError('parameterProblem', packet, SERVER_IPV4);
          const result = real.outbound(packet, nowMs);
          return result.kind === 'send' && error
            ? { kind: 'send', packet: error, interfaceIndex: 0, tunnelId: 0 }
            : result;
        },
      })),
    },
  },
  {
    rule: 'nothing is left behind',
    by: 'a mobile router that leaves its IPv4 rules to the kernel',
    scenario: natWorld(),
    machines: {
      mobileRouterMachines: stackThat((real) => ({
        withdraw: () =>
          real.withdraw().filter((request) => !(request.kind === 'delete-rule' && isIpv4(request.source.address))),
      })),
    },
  },
  {
    rule: 'packets arrive as they were',
    by: 'a forwarder that changes an octet',
    machines: {
      mobileRouterMachines: forwarderThat((real) => ({
        inbound: (packet, nowMs) => {
          const result = real.inbound(packet, nowMs);
          if (result.kind === 'deliver') result.packet[result.packet.length - 1]! ^= 1;
          return result;
        },
      })),
    },
  },
  {
    rule: 'what must arrive arrives',
    by: 'a forwarder that loses every tenth packet',
    machines: {
      homeAgentMachines: forwarderThat((real) => {
        let count = 0;
        return {
          outbound: (packet, nowMs) =>
            ++count % 10 === 0 ? { kind: 'drop', reason: 'noTunnel' } : real.outbound(packet, nowMs),
        };
      }),
    },
  },
  {
    rule: 'no loop',
    by: 'a home agent that tunnels to an address of its own network',
    machines: {
      homeAgentMachines: forwarderThat((real) => ({
        apply: (table) =>
          real.apply({
            ...table,
            tunnels: table.tunnels.map((tunnel) => ({
              ...tunnel,
              outerDestination: address(`2001:db8:1::${tunnel.id}`),
            })),
          }),
      })),
    },
  },
  {
    rule: 'no peer sees an error that is ours',
    by: 'a home agent that answers packets to its vehicles with errors',
    machines: {
      homeAgentMachines: forwarderThat((real) => ({
        outbound: (packet, nowMs) => {
          const from = isIpv4Packet(packet) ? SERVER_IPV4 : SERVER;
          const error = icmpError('parameterProblem', packet, from, { code: 1, value: 6 });
          const result = real.outbound(packet, nowMs);
          return result.kind === 'send' && error
            ? { kind: 'send', packet: error, interfaceIndex: 0, tunnelId: 0 }
            : result;
        },
      })),
    },
  },
  {
    rule: 'deadlines lie ahead',
    by: 'a mobile router that does not take note of what it has done',
    machines: { mobileRouterMachines: stackThat(() => ({ nextDeadlineMs: (nowMs) => nowMs })) },
  },
  {
    rule: 'nobody wakes without need',
    by: 'a mobile router that wakes every twenty milliseconds',
    machines: {
      mobileRouterMachines: stackThat((real) => ({
        nextDeadlineMs: (nowMs) => Math.min(nowMs + 20, real.nextDeadlineMs),
      })),
    },
  },
  {
    rule: 'nobody wakes without need',
    by: 'a home agent that wakes every hundred milliseconds',
    machines: {
      homeAgentMachines: stackThat((real) => ({
        nextDeadlineMs: (nowMs) => Math.min(nowMs + 100, real.nextDeadlineMs),
      })),
    },
  },
  {
    rule: 'timers never leak',
    by: 'a home agent that keeps a timer of a binding that has gone',
    machines: {
      homeAgentMachines: stackThat((real) => ({
        nextDeadlineMs: (nowMs) => Math.min(real.nextDeadlineMs, nowMs + 60 * MINUTE_MS),
      })),
    },
  },
  {
    rule: 'state is bounded',
    by: 'a mobile router that adds a rule each time',
    machines: {
      mobileRouterMachines: stackThat((real) => {
        let priority = 1000;
        return {
          handle: (input, nowMs) => [
            ...real.handle(input, nowMs),
            {
              type: 'configure',
              requests: [{ kind: 'add-rule', priority: ++priority, table: 254, source: prefix('2001:db8:dead::/48') }],
            },
          ],
        };
      }),
    },
  },
  {
    rule: 'state is bounded',
    by: 'a mobile router that takes one more Binding Identifier each time',
    machines: {
      mobileRouterMachines: stackThatSends((message, nowMs) => {
        if (message.type !== MessageType.bindingUpdate || message.lifetimeSeconds === 0) return message;
        const options = message.options.flatMap((option): MobilityOption[] =>
          option.type === OptionType.bindingIdentifier
            ? [option, { ...option, bid: 100 + (Math.floor(nowMs) % 10_000) }]
            : [option],
        );
        return { ...message, options };
      }),
    },
  },
  {
    rule: 'state is bounded',
    by: 'a forwarder that forgets no flow',
    machines: {
      mobileRouterMachines: forwarderThat((real) => {
        let flows = 0;
        return {
          statistics: (nowMs) => {
            flows += 1000;
            return { ...real.statistics(nowMs), flows };
          },
        };
      }),
    },
  },
  {
    rule: 'nothing is left behind',
    by: 'a mobile router that leaves its rules to the kernel',
    machines: { mobileRouterMachines: stackThat(() => ({ withdraw: () => [] })) },
  },
  {
    rule: 'nothing is left behind',
    by: 'a home agent that leaves its routes to the kernel',
    machines: { homeAgentMachines: stackThat(() => ({ withdraw: () => [] })) },
  },
  {
    rule: 'the kernel takes every request',
    by: 'a mobile router that sets a route through a device that is down',
    scenario: world({}, {}, 'down'),
    machines: {
      mobileRouterMachines: stackThat((real) => ({
        handle: (input, nowMs) => [
          ...real.handle(input, nowMs),
          {
            type: 'configure',
            requests: [
              { kind: 'replace-route', table: 999, destination: prefix('::/0'), interfaceIndex: 3, protocol: 99 },
            ],
          },
        ],
      })),
    },
  },
  {
    rule: 'no exception',
    by: 'a forwarder that throws',
    machines: {
      mobileRouterMachines: forwarderThat(() => ({
        outbound: () => {
          throw new RangeError('broken');
        },
      })),
    },
  },
  {
    rule: 'verdict',
    by: 'a scenario that is not content with its end',
    scenario: world({}, { verdict: () => 'not good enough' }),
    machines: {},
  },
];

test('the world that the machines below are put into is in order with the real ones', () => {
  for (const scenario of new Set([world(), ...BREAKAGES.flatMap((breakage) => breakage.scenario ?? [])])) {
    const { violation, must } = runSeed(scenario, SEED, {
      homeAgentMachines: REAL_MACHINES,
      mobileRouterMachines: REAL_MACHINES,
    });
    if (violation?.rule !== 'verdict') assert.is(violation, undefined);
    assert.ok(must > 0, 'no packet has to arrive');
  }
});

for (const { rule, by, scenario = world(), machines } of BREAKAGES) {
  test(`'${rule}' is seen broken by ${by}`, () => {
    const { violation } = runSeed(scenario, SEED, machines);
    assert.is(violation?.rule, rule, violation?.detail);
  });
}

test('every rule has been seen broken', () => {
  const seen = new Set(BREAKAGES.map(({ rule }) => rule));
  assert.equal(
    RULES.filter((rule) => !seen.has(rule)),
    [],
  );
});

test.run();
