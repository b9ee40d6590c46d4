import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PROBING } from '../../lib/engines.ts';
import { type Link, Together } from '../../lib/engines-together.ts';

/** Something happens to a link: the router is told what its kernel would tell it. */
function disturb(world: Together): void {
  const { random } = world;
  const link = random.pick(world.links);
  switch (random.below(7)) {
    case 0:
    case 1:
      link.up = !link.up;
      break;
    case 2:
      link.careOfAddress = world.newCareOfAddress(link.bid);
      break;
    case 3:
      link.alive = false;
      break;
    case 4:
      link.alive = true;
      break;
    case 5:
      link.delayMs = random.pick([5, 40, 300, 900]);
      break;
    case 6:
      link.lossPercent = random.pick([0, 0, 10, 30]);
      break;
  }
  world.tellUplinks();
}

function calm(world: Together): void {
  for (const link of world.links) {
    link.lossPercent = 0;
    link.delayMs = Math.min(link.delayMs, 300);
  }
  // One at least, so that the agent can be told.
  const anyUsable = world.links.some(({ up, alive }) => up && alive);
  if (!anyUsable) Object.assign(world.links[0] as Link, { up: true, alive: true });
  world.tellUplinks();
}

/** Something happens all the time for an hour: at times in bursts, at times a minute apart. */
function hour(world: Together): void {
  const untilMs = world.nowMs + 3_600_000;
  while (world.nowMs < untilMs) {
    world.run(world.random.below(world.random.pick([50, 1000, 10_000, 60_000])));
    disturb(world);
  }
}

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

for (const registration of ['bulk', 'individual'] as const) {
  test(`[MHA-6.2.1-01, MHA-3-02] ${registration}: after an hour of coming, going, loss and silent death both ends agree on the usable uplinks`, () => {
    for (const seed of SEEDS) {
      const world = new Together(seed, { registration });
      world.tellUplinks();
      hour(world);
      calm(world);
      world.run(150_000);
      assert.equal(world.updateList(), world.usableLinks(), `seed ${seed}`);
      assert.equal(world.bindingCache(), world.usableLinks(), `seed ${seed}`);
    }
  });

  test(`[MHA-6.1.2-03] ${registration}: at no moment of that hour does the router use a tunnel that the agent does not hold`, () => {
    for (const seed of SEEDS) {
      const world = new Together(seed + 100, { registration });
      world.afterStep = () => {
        const held = world.bindingCache();
        for (const binding of world.updateList()) {
          assert.ok(held.includes(binding), `seed ${seed}: ${binding} is not one of ${held.join(', ')}`);
        }
      };
      world.tellUplinks();
      hour(world);
    }
  });
}

test('[5648-5.9-01, 5648-5.2-07] two hundred starts over slow and lossy links: no tunnel is used that a later Overwrite removed', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const world = new Together(seed, { probe: { ...PROBING, enabled: false } });
    for (const link of world.links) {
      Object.assign(link, { up: true, delayMs: world.random.below(2500), lossPercent: world.random.below(30) });
    }
    world.afterStep = () => {
      const held = world.bindingCache();
      for (const binding of world.updateList()) assert.ok(held.includes(binding), `seed ${seed}: ${binding}`);
    };
    world.tellUplinks();
    world.run(60_000);
    for (const link of world.links) link.lossPercent = 0;
    world.run(90_000);
    assert.equal(world.updateList(), world.usableLinks(), `seed ${seed}`);
    assert.equal(world.bindingCache(), world.usableLinks(), `seed ${seed}`);
  }
});

test('[5648-3-06, 5648-3-07, MHA-6.3.4-01] with an agent that does not know BIDs, one usable uplink at a time is bound', () => {
  for (const seed of SEEDS) {
    const world = new Together(seed, {}, { multipleCareOfAddresses: false });
    world.tellUplinks();
    hour(world);
    calm(world);
    world.run(150_000);
    const [best] = world.usableLinks();
    assert.equal(world.bindingCache(), [`0${best!.slice(1)}`], `seed ${seed}`);
    assert.equal(world.updateList(), world.bindingCache(), `seed ${seed}`);
  }
});

test('[MHA-5.1-01] one uplink and an agent that does not know BIDs: a plain registration, and none with a BID after it', () => {
  const world = new Together(13, {}, { multipleCareOfAddresses: false });
  world.links[0]!.up = true;
  world.tellUplinks();
  world.run(5000);
  const before = world.router.sent.length;
  world.run(600_000);
  assert.equal(world.bindingCache(), [`0${world.usableLinks()[0]!.slice(1)}`]);
  assert.equal(world.updateList(), world.bindingCache());
  const later = world.router.sent.slice(before);
  assert.ok(later.length > 0);
  for (const { bids } of later) assert.equal(bids, []);
});

test('[MHA-3-01] through twenty changes, whichever uplink is the only one, home address and networks are reached by it', () => {
  const world = new Together(14);
  const reached = () => ({
    router: world.router.router.forwarding(world.nowMs).groups.map(({ prefixes }) => prefixes),
    agent: world.agent.agent.forwarding(world.nowMs).groups.map(({ prefixes }) => prefixes),
  });
  let current = world.links[0]!;
  current.up = true;
  world.tellUplinks();
  world.run(2000);
  const before = reached();
  for (let count = 0; count < 20; count++) {
    const next = world.random.pick(world.links.filter((link) => link !== current));
    next.up = true;
    world.tellUplinks();
    world.run(2000);
    current.up = false;
    world.tellUplinks();
    world.run(1000);
    current = next;
    assert.equal([world.updateList(), world.bindingCache()], [world.usableLinks(), world.usableLinks()]);
    assert.equal(world.router.usable(), [current.bid]);
    assert.equal(reached(), before);
  }
});

test('[MHA-3-10] all paths are kept alive: after ten minutes any two may go at once, and the third is there', () => {
  for (const kept of [0, 1, 2]) {
    const world = new Together(15);
    for (const link of world.links) link.up = true;
    world.tellUplinks();
    world.run(600_000);
    // The first one brings traffic, which is as good as an answer.
    for (const bid of [2, 3]) assert.ok(world.router.router.status(world.nowMs).uplinks[bid - 1]!.roundTripMs! > 0);
    for (const [place, link] of world.links.entries()) link.up = place === kept;
    world.tellUplinks();
    assert.equal(world.router.usable(), [kept + 1]);
    world.run(1000);
    assert.equal(world.bindingCache(), world.usableLinks());
  }
});

test('[6275-11.7.3-04] in quiet hours no binding is ever missing, and the machines sleep most of the time', () => {
  const world = new Together(9);
  for (const link of world.links) link.up = true;
  world.tellUplinks();
  world.run(5000);
  assert.equal(world.bindingCache(), world.usableLinks());
  world.afterStep = () => assert.equal(world.bindingCache(), world.usableLinks());
  const wakes = world.router.wakes + world.agent.wakes;
  world.run(2 * 3_600_000);
  // Two idle paths with a probe every 2 s, the one in use looked at four times a second.
  const perSecond = (world.router.wakes + world.agent.wakes - wakes) / 7200;
  assert.ok(perSecond < 6, `${perSecond} wakes per second`);
});

test('[MHA-6.1.3-02, MHA-A-02] a path that dies silently is left within a second, and removed at the agent over another', () => {
  const world = new Together(10);
  for (const link of world.links) link.up = true;
  world.tellUplinks();
  world.run(20_000);
  assert.is(world.router.usable()[0], 1);
  world.links[0]!.alive = false;
  world.run(1000);
  assert.equal(world.router.usable(), [2, 3]);
  world.run(200);
  assert.equal(world.bindingCache(), world.usableLinks());
  world.links[0]!.alive = true;
  world.run(5000);
  assert.equal(world.router.usable(), [1, 2, 3]);
  assert.equal(world.bindingCache(), world.usableLinks());
});

test('[5648-5.9-01, 5648-5.4-01] a router that comes back after a crash replaces what the agent still has; one that says farewell leaves nothing', () => {
  const world = new Together(11);
  for (const link of world.links) link.up = true;
  world.tellUplinks();
  world.run(5000);
  const after = new Together(12);
  // The new router speaks to the old agent, over two links alone and new addresses.
  Object.assign(after, { agent: world.agent });
  after.nowMs = world.nowMs;
  for (const link of after.links.slice(1)) link.up = true;
  after.tellUplinks();
  after.run(5000);
  assert.equal(after.bindingCache(), after.usableLinks());
  assert.is(after.bindingCache().length, 2);
  after.atRouter((router) => router.handle({ type: 'shutdown' }));
  after.run(1000);
  assert.equal(after.bindingCache(), []);
  assert.is(after.router.router.isDone, true);
});

test.run();
