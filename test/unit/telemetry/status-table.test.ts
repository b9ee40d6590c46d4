import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { duration, formatStatusTable, octets } from '../../../src/cli/status-table.ts';
import { statusDocument } from '../../../src/telemetry/status-document.ts';
import { AGENT_STATUS, IPV4_AGENT_STATUS, IPV4_ROUTER_STATUS, NOW, ROUTER_STATUS, STATISTICS } from './samples.ts';

test("a mobile router's status is a table with aligned columns", () => {
  const text = formatStatusTable(statusDocument(ROUTER_STATUS, STATISTICS, NOW, 0, '0.1.0'));
  assert.is(
    text.split('\n\n').slice(0, 3).join('\n\n'),
    [
      'monami 0.1.0, up 1 min',
      '',
      'mobile router   2001:db8:100::1',
      'home agent      2001:db8:1::1',
      'place           away from home',
      'prefixes        2001:db8:100:1::/64',
      'several paths   yes',
      'authentication  required',
      '',
      '   uplink    device  BID  state   care-of address  round trip  lifetime    sent     received  silent',
      '>  cellular  wwan0   1    active  2001:db8:a::7    41.2 ms     8 min 32 s  12.3 kB  20.0 MB   1 s',
      '   wifi      wlan0   2    down    -                -           -           -        -         -',
    ].join('\n'),
  );
  assert.match(text, /\ndropped {2}unknown-home-agent {2}2\n/);
  assert.not.match(text, / $/m);
});

test("a home agent's status lists its bindings", () => {
  const text = formatStatusTable(statusDocument(AGENT_STATUS, undefined, NOW, 0, '0.1.0'));
  assert.is(
    text,
    [
      'monami 0.1.0, up 1 min',
      '',
      'home agent      2001:db8:1::1',
      'bindings        2',
      'authentication  NONE: whoever can send packets here can register',
      '',
      'home address     BID  care-of address  lifetime     sent  received  silent  prefixes',
      '2001:db8:100::1  1    2001:db8:a::7    59 min 59 s  -     -         -       2001:db8:100:1::/64',
      '2001:db8:100::2  -    2001:db8:b::7    10 s         -     -         -       -',
      '',
    ].join('\n'),
  );
});

test('with IPv4 the tables say how packets are carried, and where a NAT is', () => {
  const router = formatStatusTable(statusDocument(IPV4_ROUTER_STATUS, undefined, NOW, 0, '0.1.0'));
  assert.match(router, /\nIPv4 {12}198\.51\.100\.7 203\.0\.113\.0\/28, home agent 192\.0\.2\.1\n/);
  const rows = router.split('\n').filter((line) => /uplink|wlan0|wwan0/.test(line));
  assert.equal(rows, [
    '   uplink    device  BID  state   care-of address  in IPv4  keep-alive  round trip  lifetime    sent  received  silent',
    '>  cellular  wwan0   1    active  2001:db8:a::7    -        -           41.2 ms     8 min 32 s  -     -         -',
    '   wifi      wlan0   2    active  10.0.0.7         UDP NAT  25 s        -           8 min 20 s  -     -         -',
  ]);
  const agent = formatStatusTable(statusDocument(IPV4_AGENT_STATUS, undefined, NOW, 0, '0.1.0'));
  assert.match(agent, /care-of address {2}in IPv4 {2}heard from/);
  assert.match(agent, /203\.0\.113\.200 {4}UDP NAT {2}203\.0\.113\.200:40123 .* 198\.51\.100\.7 203\.0\.113\.0\/28\n/);
});

test('durations and sizes are short', () => {
  assert.equal([0.9, 59, 60, 200, 3600, 18_180, 86_400, 187_200].map(duration), [
    '0 s',
    '59 s',
    '1 min',
    '3 min 20 s',
    '1 h',
    '5 h 3 min',
    '1 d',
    '2 d 4 h',
  ]);
  assert.equal([0, 999, 1000, 999_949, 999_950, 1.5e9, 2e15].map(octets), [
    '0 B',
    '999 B',
    '1.0 kB',
    '999.9 kB',
    '1.0 MB',
    '1.5 GB',
    '2000.0 TB',
  ]);
});

test.run();
