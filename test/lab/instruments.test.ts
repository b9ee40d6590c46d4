// Proves the lab's own instruments, with plain static routes in the place of what the lab is for: they must see an
// outage that nobody repairs, as long as it is, and content that arrives wrong.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hostState, stateDifference } from './host-state.ts';
import { startMeter } from './meter.ts';
import { inNamespace, ipBatch, nft, run, sleep } from './namespace.ts';
import { addresses, careOfAddress, UPLINKS, withTopology } from './topology.ts';
import { firstDifference, pattern } from './traffic/pattern.ts';
import { readPingLine } from './traffic/ping.ts';
import { longestGap, longestPause } from './traffic/recorder.ts';
import { startTraffic } from './traffic/traffic.ts';

test('the pattern shows the place of the first wrong octet', () => {
  const octets = pattern(3, 1001, 5000);
  assert.is(firstDifference(3, 1001, octets), -1);
  assert.is(firstDifference(3, 1002, octets), 1002);
  octets[2222]! ^= 1;
  assert.is(firstDifference(3, 1001, octets), 1001 + 2222);
});

test('a gap is counted from the last delivery before it to the first one after it', () => {
  const arrivals = (...rows: [timeMs: number, sequence: number, delayMs?: number][]) =>
    rows.map(([timeMs, sequence, delayMs = 1]) => ({ timeMs, sequence, delayMs }));
  assert.is(longestGap(arrivals([0, 1], [10, 2], [20, 3], [95, 10], [100, 11]), 20, 100), 75);
  assert.is(longestGap(arrivals([0, 1], [10, 2], [20, 3], [95, 10], [100, 11]), 30, 100), 75);
  assert.is(longestGap(arrivals([0, 1], [10, 2]), 5, 100), 90);
  assert.is(longestGap(arrivals(), 5, 100), 95);
  assert.is(longestGap(arrivals([0, 1], [80, 2], [90, 3], [105, 4]), 0, 100), 1, 'nothing was missing');
  assert.is(longestGap(arrivals([0, 1], [80, 2, 70], [90, 3], [105, 4]), 0, 100), 70, 'one was late');
  assert.is(longestPause([0, 10, 20, 95, 100], 20, 100), 75);
});

test('the lines of ping are told apart', () => {
  assert.equal(readPingLine('[1700000000.250000] 64 bytes from 2001:db8:5::2: icmp_seq=7 ttl=62 time=0.250 ms'), {
    kind: 'reply',
    sequence: 7,
    replyMs: 1700000000250,
    roundTripMs: 0.25,
  });
  assert.is(readPingLine('[1700000000.2] 64 bytes from 2001:db8:5::2: icmp_seq=7 ttl=62 time=0.2 ms (DUP!)'), null);
  assert.equal(readPingLine('From 2001:db8::1 icmp_seq=9 Destination unreachable: No route'), {
    kind: 'error',
    text: 'Destination unreachable: No route',
  });
  assert.equal(readPingLine('20 packets transmitted, 18 received, 10% packet loss, time 190ms'), {
    kind: 'summary',
    sent: 20,
    received: 18,
  });
});

test('the instruments see an outage of 600 ms and nothing else', () =>
  withTopology(async (topology) => {
    const { namespaces } = topology;
    // Without a home agent the vehicle's prefix is simply routed over the cellular uplink, unfiltered.
    nft(namespaces['cellular-access'], 'flush chain inet lab forward\nadd rule inet lab forward jump fault\n');
    ipBatch(
      [`route add ${addresses.mobileNetworkPrefix} via ${careOfAddress('cellular')}`],
      namespaces['cellular-access'],
    );
    ipBatch([`route replace ${addresses.mobileNetworkAggregate} via 2001:db8:c1::2`], namespaces.core);
    const meter = startMeter(namespaces.router, UPLINKS);
    const traffic = await startTraffic(topology);
    await traffic.open(5000);
    await sleep(500);
    const silentMs = Date.now();
    topology.silence('cellular');
    const silencedMs = Date.now();
    await sleep(600);
    const healingMs = Date.now();
    topology.heal('cellular');
    const healedMs = Date.now();
    await sleep(1500);
    const endMs = Date.now();
    await traffic.finish(5000);
    await meter.stop();

    // The rule comes and goes at some moment while nft runs, which takes its time on a busy machine.
    const [shortestMs, longestMs] = [healingMs - silencedMs, healedMs - silentMs];
    const isOutage = (gapMs: number, slackMs: number) => gapMs > shortestMs - slackMs && gapMs < longestMs + slackMs;
    const words = `of ${shortestMs} to ${longestMs} ms`;
    const { recorder } = traffic;
    const effect = recorder.effect(silentMs, endMs);
    assert.ok(isOutage(effect.gapMs, 60), `ping gap ${effect.gapMs} ${words}`);
    assert.ok(isOutage(effect.udpUpGapMs, 100), `up gap ${effect.udpUpGapMs} ${words}`);
    assert.ok(isOutage(effect.udpDownGapMs, 100), `down gap ${effect.udpDownGapMs} ${words}`);
    assert.ok(effect.pingsLost > 50 && effect.pingsLost < longestMs / 10 + 12, `${effect.pingsLost} pings lost`);
    assert.is(effect.pingsLost, recorder.totals().pingsLost);
    assert.is(effect.udpLost, recorder.totals().udpLost);
    assert.ok(effect.tcpStallMs >= shortestMs - 100, `TCP stalled for ${effect.tcpStallMs} ms`);
    assert.ok(recorder.effect(silentMs - 400, silentMs - 50).gapMs < 60, 'no gap before the outage');
    assert.equal(recorder.tcp(healedMs), { opened: 4, survived: 4 });
    assert.equal(recorder.udp(endMs - 1000, endMs), { opened: 2, survived: 2 });
    assert.equal(recorder.ping(endMs - 1000, endMs), { opened: 1, survived: 1 });
    assert.ok(meter.samples.at(-1)!.octets['cellular']! > recorder.tcpBytes(), 'the meter saw the transfers');
    assert.ok(meter.samples.at(-1)!.octets['wifi']! < 10_000, 'and nothing on the other uplink');
  }));

test('a transfer whose path never heals has not survived', () =>
  withTopology(async (topology) => {
    const { namespaces } = topology;
    nft(namespaces['wifi-access'], 'flush chain inet lab forward\nadd rule inet lab forward jump fault\n');
    ipBatch([`route add ${addresses.mobileNetworkPrefix} via ${careOfAddress('wifi')}`], namespaces['wifi-access']);
    ipBatch([`route replace ${addresses.mobileNetworkAggregate} via 2001:db8:c2::2`], namespaces.core);
    ipBatch(['route add 2001:db8:5::/64 via fe80::1 dev wifi'], namespaces.router);
    const traffic = await startTraffic(topology);
    await traffic.open(5000);
    const silentMs = Date.now();
    topology.silence('wifi');
    await sleep(1000);
    const endMs = Date.now();
    await traffic.finish(500);
    assert.equal(traffic.recorder.tcp(silentMs + 100), { opened: 4, survived: 0 });
    assert.equal(traffic.recorder.udp(endMs - 500, endMs), { opened: 2, survived: 0 });
    assert.equal(traffic.recorder.ping(endMs - 500, endMs), { opened: 1, survived: 0 });
  }));

test('the vehicle prefix does not leave by an uplink outside a tunnel', () =>
  withTopology((topology) => {
    const ping = inNamespace(topology.namespaces.vehicle, [
      'ping',
      '-c',
      '3',
      '-i',
      '0.01',
      '-W',
      '0.2',
      addresses.server,
    ]);
    assert.throws(() => run(ping), /3 packets transmitted|status 1/);
  }));

test('a link that was down and up again leaves the router as before, and a stray rule is seen', () =>
  withTopology(async (topology) => {
    const { router } = topology.namespaces;
    const before = hostState(router);
    topology.deviceDown('wifi');
    topology.carrierLost('satellite');
    await sleep(200);
    assert.ok(stateDifference(before, hostState(router)).length > 5);
    topology.linkUp('wifi');
    topology.linkUp('satellite');
    await sleep(300);
    assert.equal(stateDifference(before, hostState(router)), []);
    ipBatch(['rule add from 2001:db8:a1::c lookup 4711 priority 99'], router);
    assert.equal(stateDifference(before, hostState(router)), ['+ 99:	from 2001:db8:a1::c lookup 4711']);
  }));

test.run();
