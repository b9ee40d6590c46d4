// A mobile router on uplinks that come, go, change family, lose packets and hide behind NATs, at random.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, isIpv4 } from '../../../../src/bytes/address.ts';
import type { RoleAction } from '../../../../src/roles/action.ts';
import { OptionType } from '../../../../src/wire/mh/numbers.ts';
import { AGENT, CARE_OF, echoReplyTo, HOME, PROBING, probesIn, updatesIn } from '../../../lib/engines.ts';
import {
  AGENT_IPV4,
  DualStackBench,
  IPV4_CARE_OF,
  ipv4Acknowledgement,
  natDetection,
  type Sides,
} from '../../../lib/engines-dual-stack.ts';
import { Random } from '../../../lib/wire-mutations.ts';

const SEEDS = 25;
const STEP_MS = 50;

class World {
  readonly bench: DualStackBench;
  readonly #random: Random;
  #sides: Sides[] = [null, null, null];
  /** Addresses from which packets get through. */
  readonly #alive = new Set<Address>();
  readonly #natted = new Set<Address>();

  constructor(seed: number) {
    this.#random = new Random(seed);
    const probe = this.#chance(80) ? PROBING : { ...PROBING, enabled: false };
    const udpEncapsulation = this.#chance(20) ? 'always' : 'as-needed';
    const registration = this.#chance(70) ? 'bulk' : 'individual';
    const ipv4 = { homeAddress: 'dynamic' as const, prefixes: [] };
    this.bench = new DualStackBench({ probe, udpEncapsulation, registration, ipv4 });
  }

  #chance(percent: number): boolean {
    return this.#random.below(100) < percent;
  }

  disturb(): void {
    const place = this.#random.below(3);
    const family = this.#random.below(5);
    const ipv6 = CARE_OF[1 + place + 3 * this.#random.below(3)]!;
    const ipv4 = IPV4_CARE_OF[1 + place + 3 * this.#random.below(3)]!;
    this.#sides[place] = family === 0 ? null : family < 3 ? { ipv6, ipv4 } : family === 3 ? { ipv4 } : { ipv6 };
    this.#alive.clear();
    for (const address of [...CARE_OF, ...IPV4_CARE_OF]) if (this.#chance(75)) this.#alive.add(address);
    this.#react(this.bench.look(...this.#sides));
  }

  /** Everything works from now on. */
  calm(): void {
    for (const address of [...CARE_OF, ...IPV4_CARE_OF]) this.#alive.add(address);
    this.#sides = [1, 2, 3].map((bid) => ({ ipv6: CARE_OF[bid]!, ipv4: IPV4_CARE_OF[bid]! }));
    this.#react(this.bench.look(...this.#sides));
  }

  run(durationMs: number): void {
    for (const untilMs = this.bench.nowMs + durationMs; this.bench.nowMs < untilMs; ) {
      this.#react(this.bench.run(STEP_MS));
      this.#check();
    }
  }

  #react(actions: readonly RoleAction[]): void {
    for (const action of actions) {
      if (action.type !== 'send') continue;
      const { packet } = action;
      assert.is(packet.destination, AGENT, 'to somebody else than the home agent');
      assert.ok(packet.kind !== 'mobility' || packet.message.type === 5, 'another message than a Binding Update');
    }
    for (const probe of probesIn(actions)) {
      const from = probe.outer?.source ?? probe.source;
      if (probe.message.type === 128) this.#checkSource(from);
      const passes = probe.message.type === 128 && this.#alive.has(from) && !this.#chance(5);
      if (passes) this.#react(this.bench.handle({ type: 'icmpv6', packet: echoReplyTo(probe) }));
    }
    for (const update of updatesIn(actions, this.bench.nowMs)) {
      const { outer, source } = update.packet;
      const from = outer?.source ?? source;
      this.#checkSource(from);
      if (outer) {
        assert.equal([outer.destination, outer.ports, source], [AGENT_IPV4, { source: 4191, destination: 4191 }, HOME]);
        if (update.lifetimeSeconds > 0) {
          assert.is(update.bids.length, 1, 'in bulk from an IPv4 care-of address');
          assert.ok(
            update.options.some(
              (option) => option.type === OptionType.bindingIdentifier && option.careOfAddress === from,
            ),
          );
        }
      }
      if (update.bids.length > 1) this.#checkBulk(update.options);
      if (!this.#alive.has(from) || this.#chance(5)) continue;
      const nat = outer ? [natDetection(this.#natted.has(from) ? 0 : undefined)] : [];
      const options = [...nat, ...(update.lifetimeSeconds > 0 ? [ipv4Acknowledgement(IPV4_CARE_OF[9]!, 32)] : [])];
      const before = this.bench.sent.length;
      this.bench.acknowledge(update, { options });
      const next = this.bench.sent.slice(before);
      this.#react(next.map(({ packet, interfaceIndex }) => ({ type: 'send', packet, interfaceIndex })));
    }
  }

  #checkBulk(options: readonly { readonly type: unknown }[]): void {
    const careOf = options.flatMap((option) => ('careOfAddress' in option ? (option.careOfAddress as Address) : []));
    for (const address of careOf)
      if (isIpv4(address)) assert.not.ok(this.#natted.has(address), 'behind a NAT, in bulk');
  }

  #checkSource(source: Address): void {
    const own = this.#sides.flatMap((sides) => [sides?.ipv6 ?? [], sides?.ipv4 ?? []].flat());
    assert.ok(own.includes(source), 'from an address that is gone');
  }

  #check(): void {
    const tunnels = this.bench.tunnels();
    assert.is(new Set(tunnels.map(({ id }) => id)).size, tunnels.length, 'one identifier for two tunnels');
    for (const { encapsulation, outerSource, outerDestination, sourcePort, destinationPort } of tunnels) {
      assert.is(encapsulation !== 1, isIpv4(outerSource));
      assert.is(isIpv4(outerSource), isIpv4(outerDestination));
      assert.equal([sourcePort, destinationPort], encapsulation === 3 ? [4191, 4191] : [0, 0]);
      this.#checkSource(outerSource);
    }
  }

  chooseNats(): void {
    this.#natted.clear();
    for (const address of IPV4_CARE_OF) if (this.#chance(50)) this.#natted.add(address);
  }
}

test('[5648-8.1-01, 5648-8.1-02, 5648-8.1-04, 5555-2.4-01, 5555-2.4-02] whatever happens to uplinks and packets, updates keep their form, nothing goes to anyone but the home agent, and all works again once everything does', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = new World(seed);
    world.chooseNats();
    for (let turn = 0; turn < 15; turn++) {
      world.disturb();
      world.run(500 + turn * 700);
    }
    world.calm();
    world.run(75_000);
    assert.equal(world.bench.usable().length, 3, `seed ${seed}: ${world.bench.states()}`);
    world.run(100_000);
    assert.equal(world.bench.states(), ['active', 'active', 'active'], `seed ${seed}`);
  }
});

test.run();
