import { spawnSync } from 'node:child_process';
import { mkdtempSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { executable, runScript, VARIANTS, workDirectory } from '../../native/monami.ts';

const directory = workDirectory();
const ENOENT = -2;
const ENXIO = -6;
const EAGAIN = -11;
const EEXIST_OR_BUSY = -16;
const EINVAL = -22;
const ENODEV = -19;
const EADDRINUSE = -98;
const EADDRNOTAVAIL = -99;
const ENETUNREACH = -101;
const ECONNREFUSED = -111;

/** Leaves the file of a socket that nobody listens on any more. */
function orphanSocket(path: string): void {
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`;
  spawnSync(process.execPath, ['-e', script]);
  assert.ok(statSync(path).isSocket());
}

function canUnshare(): boolean {
  return spawnSync('unshare', ['--net', 'true']).status === 0;
}

/** Runs where a network namespace may be made: as root. */
const namespaceTest = canUnshare() ? test : test.skip;

for (const variant of VARIANTS) {
  test(`UNIX and TCP streams carry an echo, and failures are told by their errno (${variant})`, async () => {
    const place = mkdtempSync(join(directory, 'streams-'));
    const run = runScript(await executable(variant), 'streams', directory, { words: [place] });
    const hangup = 4;
    const writable = 2;
    assert.equal(await run, {
      'missing socket': ENOENT,
      'second listener': EADDRINUSE,
      'two families': 'RangeError',
      'not our source': EADDRNOTAVAIL,
      UNIX: ['hello over UNIX', EAGAIN],
      'TCP over IPv4': ['hello over TCP over IPv4', EAGAIN],
      'TCP over IPv6': ['hello over TCP over IPv6', EAGAIN],
      refused: [hangup, writable, ECONNREFUSED],
    });
    assert.is(statSync(join(place, 'echo.sock')).mode & 0o777, 0o600);
  });

  test(`a socket's file that nobody listens on is replaced, one that is in use is not (${variant})`, async () => {
    const program = await executable(variant);
    const place = mkdtempSync(join(directory, 'orphan-'));
    orphanSocket(join(place, 'echo.sock'));
    const results = (await runScript(program, 'streams', directory, { words: [place] })) as Record<string, unknown>;
    assert.is(results['missing socket'], ECONNREFUSED);
    assert.equal(results['UNIX'], ['hello over UNIX', EAGAIN]);
  });

  test(`a batch of datagrams says where each lies, how long it was and who sent it (${variant})`, async () => {
    const port = 24_090;
    const results = (await runScript(await executable(variant), 'datagrams', directory)) as Record<string, unknown>;
    const lengths = [1, 9, 40, 100, 3];
    for (const [family, address] of [
      ['four', '7f000001'],
      ['six', `${'0'.repeat(31)}1`],
    ] as const) {
      assert.equal(results[family], {
        empty: 0,
        sent: lengths,
        taken: EADDRINUSE,
        first: lengths.length,
        rows: lengths.map((length, i) => ({
          offset: 16 + i * 48,
          length: Math.min(length, 48),
          wireLength: length,
          interfaceIndex: 1,
          senderPort: port + 1,
          address,
          right: true,
        })),
        rest: 0,
      });
    }
  });

  test(`names resolve in a thread (${variant})`, async () => {
    assert.equal(await runScript(await executable(variant), 'resolve', directory), {
      answers: [['7f000001'], ['c0000201'], ['20010db8000000000000000000000001'], ENOENT],
      wrongFamily: 'RangeError',
    });
  });

  namespaceTest(`of a flood, what a known key has signed is taken first (${variant})`, async () => {
    const setup = `
      sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
      ip link add anear type veth peer name afar
      ip link set lo up; ip link set anear up; ip link set afar up
      ip addr add 2001:db8::1/64 dev anear nodad; ip addr add 192.0.2.1/24 dev anear
      # From the router's own address, as if it came from the link.
      ip -6 addr add 2001:db8:1::7/128 dev lo
      ip neigh add 2001:db8::2 dev anear lladdr "$(cat /sys/class/net/afar/address)"
      ip neigh add 192.0.2.2 dev anear lladdr "$(cat /sys/class/net/afar/address)"
      sleep 0.2
      exec "$@" "$(cat /sys/class/net/anear/ifindex)" "$(cat /sys/class/net/afar/ifindex)"`;
    const results = await runScript(await executable(variant), 'admission', directory, {
      wrapper: ['unshare', '--net', '--mount', 'bash', '-ec', `mount -t sysfs sysfs /sys; ${setup}`, 'bash'],
    });
    assert.equal(results, {
      'half an association': 'RangeError',
      'without keys': 64,
      'keys taken': 0,
      // Nothing waits behind them.
      quiet: [[1, 2, 3], 0],
      // Not those with another key or SPI, of another home address, damaged, from before, or again.
      'of a flood': { signed: [4, 5, 9], others: 16, heldBack: 190, left: 0 },
      'in UDP': [31, 32],
      'no keys any more': [0, false],
    });
  });

  namespaceTest(
    `packets with mobility headers are sent whole, and seen before the kernel handles them (${variant})`,
    async () => {
      const setup = `
      sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
      ip link add anear type veth peer name afar
      ip link set lo up; ip link set anear up; ip link set afar up
      ip addr add 2001:db8::1/64 dev anear nodad
      ip neigh add 2001:db8::2 dev anear lladdr "$(cat /sys/class/net/afar/address)"
      ip addr add 192.0.2.1/24 dev anear; ip addr add 192.0.2.3/32 dev anear
      ip neigh add 192.0.2.2 dev anear lladdr "$(cat /sys/class/net/afar/address)"
      ip rule add from 192.0.2.3 unreachable priority 100
      sleep 0.2
      exec "$@" "$(cat /sys/class/net/anear/ifindex)" "$(cat /sys/class/net/afar/ifindex)"`;
      const near = '20010db8000000000000000000000001';
      const far = '20010db8000000000000000000000002';
      const homeAddress = `600000000018${'3c40'}${near}${far}3b0201020000c910${near}`;
      const ipv4 = '450000180000400040fdb5e5c0000201c0000202deadbeef';
      const routing = `600000000018${'2b40'}${near}${far}3b02020100000000${far}`;
      assert.equal(
        await runScript(await executable(variant), 'kernel', directory, {
          // The namespace's /sys is mounted anew, so that it shows the namespace's devices.
          wrapper: ['unshare', '--net', '--mount', 'bash', '-ec', `mount -t sysfs sysfs /sys; ${setup}`, 'bash'],
        }),
        {
          'dump sent': 32,
          sent: [64, 64, 40],
          'source that is not ours': EINVAL,
          'not a packet': 'RangeError',
          'bad program': 'RangeError',
          'bad instruction': EINVAL,
          'no such interface': ENODEV,
          groups: [0, EADDRINUSE, 0, EADDRNOTAVAIL, ENODEV, 0, 0],
          'not an address': 'RangeError',
          tun: true,
          'tun twice': EEXIST_OR_BUSY,
          'forwarder on a socket': 'TypeError',
          'no route': ENETUNREACH,
          'sent over IPv4': [24, ENETUNREACH],
          'not an IPv4 packet': ['RangeError', 'RangeError', 'TypeError', 'RangeError'],
          'UDP by one interface alone': [1, ENXIO, 'RangeError'],
          'seen over IPv4': [ipv4],
          seen: [
            { packet: homeAddress, wireLength: 64, interface: 'far' },
            { packet: routing, wireLength: 64, interface: 'far' },
          ],
          sawOutgoing: 0,
          dumpDone: true,
          links: [true, true],
        },
      );
    },
  );
}

test.run();
