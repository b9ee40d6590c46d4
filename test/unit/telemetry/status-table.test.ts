import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { duration, formatStatusTable, octets } from '../../../src/cli/status-table.ts';
import { statusDocument } from '../../../src/telemetry/status-document.ts';
import { AGENT_STATUS, NOW, ROUTER_STATUS, STATISTICS } from './samples.ts';

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
