// Forged, replayed, unauthenticated and malformed Binding Updates and Acknowledgements, sent for real to both ends of a
// running vehicle: nothing changes, nobody notices, and it costs little.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { StatusDocument } from '../../src/telemetry/status-document.ts';
import { ATTACKS, type Attack, flood, OTHER, type Recorded, recordedIn } from './attacks.ts';
import { startCapture } from './capture.ts';
import { inject } from './inject.ts';
import {
  agentConfiguration,
  KEY,
  type Monami,
  routerConfiguration,
  SPI,
  startMonami,
  untilRegistered,
  workDirectory,
} from './monami.ts';
import { inNamespace, PROMPTLY, run, sleep, until } from './namespace.ts';
import { addresses, type Topology, withTopology } from './topology.ts';
import { startTraffic } from './traffic/traffic.ts';

const directory = workDirectory();
const FLOODS = [
  { name: 'from one /64', count: 3000, subnets: 1 },
  { name: 'from three thousand /64s', count: 3000, subnets: 3000 },
];
/** So many packets go into one command line. */
const BATCH = 1000;
const CLOCK_TICKS_PER_SECOND = 100;
/** Of one end for one forged packet, in all; the machine is shared. */
const CPU_MS_PER_PACKET = 0.5;
/** Of a flood's packets: some never get as far as the socket. */
const COUNTED_SHARE = 0.95;
const FLOOD_PATIENCE_MS = 5000;
const GROWTH_LIMIT_KB = 4096;

interface Outcome {
  readonly attack: Attack;
  readonly counted: number;
  readonly before: unknown;
  readonly after: unknown;
}

interface FloodOutcome {
  readonly name: string;
  readonly packets: number;
  readonly cpuMs: number;
  readonly growthKb: number;
  readonly dropped: number;
  readonly answered: number;
  readonly before: unknown;
  readonly after: unknown;
}

function agentFile() {
  const node = (name: string, homeAddress: string, spi: number, key: string, prefixes: string[] = []) => ({
    ...{ name, homeAddress, prefixes },
    authentication: { spi, key },
  });
  const bus = node('bus', addresses.homeAddress, SPI, KEY, [addresses.mobileNetworkPrefix]);
  const mobileNodes = [bus, node('tram', OTHER.homeAddress, OTHER.spi, OTHER.key)];
  return agentConfiguration(directory, { mobileNodes });
}

function statusOf(monami: Monami): StatusDocument {
  const status = monami.status();
  if (!status) throw new Error('no status');
  return status;
}

/** What an attacker would want to change at the home agent. */
function bindingsIn(status: StatusDocument) {
  return status.homeAgent!.bindings.map(({ homeAddress, bid, careOfAddress, prefixes, mobileRouter }) => ({
    ...{ homeAddress, bid, careOfAddress, prefixes, mobileRouter },
  }));
}

/** And at the mobile router. */
function registrationsIn(status: StatusDocument) {
  const { uplinks, multipleCareOfAddresses } = status.mobileRouter!;
  const registered = uplinks.map(({ name, state, careOfAddress, preferred }) => ({
    ...{ name, state, careOfAddress, preferred },
  }));
  return { multipleCareOfAddresses, registered };
}

function counter(monami: Monami, name: string): number {
  return statusOf(monami).drops[name] ?? 0;
}

function cpuMs(monami: Monami): number {
  const fields = readFileSync(`/proc/${monami.process.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / CLOCK_TICKS_PER_SECOND;
}

function residentKb(monami: Monami): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${monami.process.pid}/status`, 'utf8'))?.[1]);
}

async function carryOut(
  attack: Attack,
  ends: { readonly agent: Monami; readonly router: Monami },
  { namespaces }: Topology,
  recorded: Recorded,
): Promise<Outcome> {
  const look = () => {
    const status = { agent: statusOf(ends.agent), router: statusOf(ends.router) };
    const count = status[attack.on].drops[attack.counter] ?? 0;
    return { bindings: bindingsIn(status.agent), registrations: registrationsIn(status.router), count };
  };
  const { count: countBefore, ...before } = look();
  inject(namespaces.server, directory, ...attack.packets(recorded));
  const deadlineMs = Date.now() + 2000;
  while (counter(ends[attack.on], attack.counter) === countBefore && Date.now() < deadlineMs) await sleep(10);
  // What the packets may have set off comes at once.
  await sleep(20);
  const { count, ...after } = look();
  return { attack, counted: count - countBefore, before, after };
}

async function overwhelm(
  { name, count, subnets }: (typeof FLOODS)[number],
  agent: Monami,
  { namespaces }: Topology,
): Promise<FloodOutcome> {
  const reasons = ['authentication-failed', 'too-many-failures', 'held-back'];
  const dropped = () => reasons.reduce((sum, reason) => sum + counter(agent, reason), 0);
  const answered = () => statusOf(agent).messages['sent.bindingAcknowledgement'] ?? 0;
  const before = bindingsIn(statusOf(agent));
  const start = { cpuMs: cpuMs(agent), residentKb: residentKb(agent), dropped: dropped(), answered: answered() };
  const packets = flood(count, subnets);
  for (let at = 0; at < count; at += BATCH) inject(namespaces.server, directory, ...packets.slice(at, at + BATCH));
  // On a busy machine the agent may pause in the middle of it.
  const latestMs = Date.now() + FLOOD_PATIENCE_MS;
  while (dropped() - start.dropped < COUNTED_SHARE * count && Date.now() < latestMs) await sleep(100);
  await until('the flood is over', FLOOD_PATIENCE_MS, async () => {
    const seen = dropped();
    await sleep(200);
    return dropped() === seen;
  });
  return {
    name,
    packets: count,
    cpuMs: cpuMs(agent) - start.cpuMs,
    growthKb: residentKb(agent) - start.residentKb,
    dropped: dropped() - start.dropped,
    answered: answered() - start.answered,
    before,
    after: bindingsIn(statusOf(agent)),
  };
}

const outcomes: Outcome[] = [];
const floods: FloodOutcome[] = [];
let logs = '';
let spoken = '';
let traffic: Awaited<ReturnType<typeof startTraffic>>['recorder'] | undefined;
let attackedFromMs = 0;
let attackedUntilMs = 0;

await withTopology(async (topology) => {
  const { namespaces } = topology;
  // An attacker writes whatever source address it likes.
  run(inNamespace(namespaces.server, ['sysctl', '-qw', 'net.ipv6.ip_nonlocal_bind=1']));
  const trafficStarting = startTraffic(topology);
  const agent = startMonami(namespaces.agent, 'agent', directory, agentFile(), PROMPTLY);
  const capture = await startCapture(
    namespaces.agent,
    join(directory, 'recorded.pcap'),
    'ip6 proto 60 or ip6 proto 43',
  );
  const router = startMonami(namespaces.router, 'router', directory, routerConfiguration(directory), PROMPTLY);
  await untilRegistered(router);
  // What the attacker sees: registrations, a loss, a return.
  topology.carrierLost('satellite');
  await sleep(500);
  topology.linkUp('satellite');
  await untilRegistered(router);
  await capture.stop();
  const recorded = recordedIn(capture.file);
  const flows = await trafficStarting;
  await flows.open(10_000);
  traffic = flows.recorder;
  attackedFromMs = Date.now();
  for (const attack of ATTACKS) outcomes.push(await carryOut(attack, { agent, router }, topology, recorded));
  for (const one of FLOODS) floods.push(await overwhelm(one, agent, topology));
  attackedUntilMs = Date.now();
  await flows.finish(10_000);
  spoken = JSON.stringify([statusOf(agent), statusOf(router)]);
  await router.process.stop();
  await agent.process.stop();
  logs = agent.process.errors() + router.process.errors();
});

test('there are at least thirty kinds of attack', () => {
  assert.ok(ATTACKS.length >= 60, `${ATTACKS.length}`);
  assert.ok(new Set(outcomes.map(({ attack }) => attack.counter)).size >= 12, 'stopped in many places');
});

for (const { attack, counted, before, after } of outcomes)
  test(`${attack.on}: ${attack.name}: ${attack.counter}`, () => {
    assert.ok(counted > 0, `${attack.counter} was not counted`);
    assert.equal(after, before);
  });

for (const one of floods)
  test(`a flood ${one.name} changes nothing and costs bounded work and memory`, () => {
    assert.equal(one.after, one.before);
    assert.ok(one.dropped >= COUNTED_SHARE * one.packets, `${one.dropped} of ${one.packets} reached the home agent`);
    assert.ok(one.cpuMs < CPU_MS_PER_PACKET * one.packets, `${one.cpuMs} ms for ${one.packets} packets`);
    assert.ok(one.growthKb < GROWTH_LIMIT_KB, `${one.growthKb} KB more`);
    assert.ok(one.answered <= 250, `${one.answered} answers`);
  });

test('the vehicle’s traffic does not notice', () => {
  const { gapMs, pingsLost, pingsSent, udpLost, tcpStallMs } = traffic!.effect(attackedFromMs, attackedUntilMs);
  assert.ok(pingsSent > 500, `${pingsSent} pings`);
  assert.ok(pingsLost <= pingsSent / 1000, `${pingsLost} of ${pingsSent} pings lost`);
  assert.ok(gapMs < 500, `a gap of ${gapMs} ms`);
  assert.ok(udpLost <= pingsSent / 500, `${udpLost} datagrams lost`);
  assert.ok(tcpStallMs < 1000, `TCP stood still for ${tcpStallMs} ms`);
  for (const id of traffic!.transfers.keys()) assert.not(traffic!.transferFailure(id, attackedFromMs));
});

test('no key is in a log or in the status', () => {
  assert.ok(logs.length > 0 && spoken.length > 0);
  for (const key of [KEY, OTHER.key])
    for (const text of [key, key.toUpperCase(), Buffer.from(key, 'hex').toString('base64')])
      assert.not.ok(logs.includes(text) || spoken.includes(text), 'a key');
});

test.run();
