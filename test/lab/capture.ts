// Captures of a namespace's signalling, and what tshark reads in them.
import { existsSync, statSync } from 'node:fs';
import { EXECUTABLE } from './monami.ts';
import { run, sleep, start, until } from './namespace.ts';
import { TCP_PORT, UDP_PORT } from './traffic/plan.ts';

/** The lab's own traffic is no protocol that tshark could know. */
const PLAIN_CONTENT = ['-d', `tcp.port==${TCP_PORT},data`, '-d', `udp.port==${UDP_PORT},data`];
/** All that carries mobility signalling or complains about it, but no tunnelled traffic. */
const SIGNALLING = 'ip6 proto 135 or ip6 proto 60 or ip6 proto 43 or icmp6';
/** Mobility messages, but not those that an ICMPv6 error quotes. */
const MOBILITY = 'mipv6 && !(icmpv6.type >= 1 && icmpv6.type <= 4)';
const FLUSH_MS = 300;

/** All that goes between a care-of address and the home agent, and ICMP errors. */
export const OUTSIDE = 'ip proto 4 or ip proto 41 or udp port 4191 or ip6 proto 4 or ip6 proto 41 or icmp';
/** What tshark has to be told: it knows nothing of its own about port 4191. */
const inUdp = (inner: 'ipv6' | 'ip') => ['-d', `udp.port==4191,${inner}`];

export interface Capture {
  readonly file: string;
  /** Ends the capture; the file is whole afterwards. */
  stop(): Promise<void>;
}

/** Captures on all devices of a namespace (devices may come and go) into a pcap file. */
export async function startCapture(namespace: string, file: string, filter = SIGNALLING): Promise<Capture> {
  const argv = ['tcpdump', '--immediate-mode', '-U', '-n', '-Z', 'root', '-i', 'any', '-w', file, filter];
  const tcpdump = start(namespace, argv);
  // The file has its header once the socket is open.
  await until('tcpdump captures', 5000, () => existsSync(file) && statSync(file).size > 0);
  return {
    file,
    async stop() {
      await sleep(FLUSH_MS);
      await tcpdump.stop('SIGINT');
    },
  };
}

/** The named fields of every packet that a display filter lets through; a repeated field gives several values. */
export function tsharkFields(
  file: string,
  filter: string,
  fields: readonly string[],
  options: readonly string[] = inUdp('ipv6'),
): Record<string, string[]>[] {
  const output = run([
    'tshark',
    '-n',
    ...options,
    '-r',
    file,
    '-Y',
    filter,
    '-T',
    'fields',
    '-E',
    'aggregator=|',
    '-E',
    'occurrence=a',
    ...fields.flatMap((field) => ['-e', field]),
  ]);
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const columns = line.split('\t');
      return Object.fromEntries(
        fields.map((field, index) => [field, (columns[index] ?? '').split('|').filter(Boolean)]),
      );
    });
}

/** How many packets of a capture a filter in tcpdump's language lets through. */
export function count(file: string, filter: string): number {
  return run(['tcpdump', '-n', '-r', file, filter]).split('\n').filter(Boolean).length;
}

/** One mobility message in words that tshark's fields and ours can both be brought to. */
export interface SeenMessage {
  readonly source: string;
  readonly destination: string;
  readonly homeAddress: string | undefined;
  readonly routing2: string | undefined;
  readonly type: number;
  readonly sequence: number | undefined;
  readonly flags: readonly string[];
  readonly lifetimeSeconds: number | undefined;
  readonly status: number | undefined;
  readonly identifiers: readonly { bid: number; status: number; careOfAddress: string | undefined }[];
  readonly prefixes: readonly string[];
  readonly alternateCareOfAddress: string | undefined;
  readonly refreshIntervalSeconds: number | undefined;
  /** In a Binding Error. */
  readonly errorHomeAddress: string | undefined;
}

/** Flags by tshark's name. Its B flag of RFC 6602 has the bit of RFC 5648's Overwrite. */
const FLAG_FIELDS = [
  ['A', 'mip6.bu.a_flag'],
  ['H', 'mip6.bu.h_flag'],
  ['L', 'mip6.bu.l_flag'],
  ['K', 'mip6.bu.k_flag'],
  ['M', 'mip6.bu.m_flag'],
  ['R', 'mip6.nemo.bu.r_flag'],
  ['P', 'mip6.bu.p_flag'],
  ['F', 'mip6.bu.f_flag'],
  ['T', 'mip6.bu.t_flag'],
  ['O', 'mip6.bu.b_flag'],
  ['K', 'mip6.ba.k_flag'],
  ['R', 'mip6.nemo.ba.r_flag'],
  ['P', 'mip6.ba.p_flag'],
] as const;

const FIELDS = [
  'ipv6.src',
  'ipv6.dst',
  'ipv6.opt.mipv6.home_address',
  'ipv6.routing.mipv6.home_address',
  'mip6.mhtype',
  'mip6.bu.seqnr',
  'mip6.ba.seqnr',
  'mip6.bu.lifetime',
  'mip6.ba.lifetime',
  'mip6.ba.status',
  'mip6.be.status',
  'mip6.be.haddr',
  'mip6.bi.bid',
  'mip6.bi.status',
  'mip6.bi.coa_ipv6',
  'mip6.bi.coa_ipv4',
  'mip6.nemo.mnp.mnp',
  'mip6.nemo.mnp.pfl',
  'mip6.acoa.acoa',
  'mip6.bra.interval',
  ...FLAG_FIELDS.map(([, field]) => field),
];

const UNIT_SECONDS = 4;
const isSet = (value: string | undefined) => value === '1' || value === 'True';

/** Every mobility message of a capture as tshark reads it. */
export function messagesByTshark(file: string): SeenMessage[] {
  return tsharkFields(file, MOBILITY, FIELDS).map((row) => {
    const first = (...fields: string[]) => fields.map((field) => row[field]?.[0]).find((value) => value !== undefined);
    const number = (...fields: string[]) => {
      const value = first(...fields);
      return value === undefined ? undefined : Number(value);
    };
    const lifetime = number('mip6.bu.lifetime', 'mip6.ba.lifetime');
    const interval = number('mip6.bra.interval');
    return {
      source: first('ipv6.src') ?? '',
      destination: first('ipv6.dst') ?? '',
      homeAddress: first('ipv6.opt.mipv6.home_address'),
      routing2: first('ipv6.routing.mipv6.home_address'),
      type: number('mip6.mhtype') ?? -1,
      sequence: number('mip6.bu.seqnr', 'mip6.ba.seqnr'),
      flags: FLAG_FIELDS.filter(([, field]) => isSet(row[field]?.[0])).map(([letter]) => letter),
      lifetimeSeconds: lifetime === undefined ? undefined : lifetime * UNIT_SECONDS,
      status: number('mip6.ba.status', 'mip6.be.status'),
      identifiers: (row['mip6.bi.bid'] ?? []).map((bid, index) => ({
        bid: Number(bid),
        status: Number(row['mip6.bi.status']?.[index]),
        careOfAddress: [...(row['mip6.bi.coa_ipv6'] ?? []), ...(row['mip6.bi.coa_ipv4'] ?? [])][index],
      })),
      prefixes: (row['mip6.nemo.mnp.mnp'] ?? []).map(
        (prefix, index) => `${prefix}/${row['mip6.nemo.mnp.pfl']?.[index]}`,
      ),
      alternateCareOfAddress: first('mip6.acoa.acoa'),
      refreshIntervalSeconds: interval === undefined ? undefined : interval * UNIT_SECONDS,
      errorHomeAddress: first('mip6.be.haddr'),
    };
  });
}

interface DecodedOption {
  readonly name: string;
  readonly bid?: number;
  readonly status?: number;
  readonly careOfAddress?: string;
  readonly prefix?: string;
  readonly refreshIntervalSeconds?: number;
}

interface DecodedPacket {
  readonly source: string;
  readonly destination: string;
  readonly homeAddress?: string;
  readonly routing2?: string;
  readonly message?: {
    readonly type: number;
    readonly name: string;
    readonly code?: number;
    readonly sequence?: number;
    readonly flags?: readonly string[];
    readonly lifetimeSeconds?: number;
    readonly status?: number;
    readonly homeAddress?: string;
    readonly options?: readonly DecodedOption[];
  };
  readonly error?: { readonly code: string; readonly offset: number };
}

/** Every line of `monami decode FILE`. */
export function decodedPackets(file: string): DecodedPacket[] {
  const lines = run([EXECUTABLE, 'decode', file]).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as DecodedPacket);
}

/** Every mobility message of a capture as `monami decode` reads it. */
export function messagesByMonami(file: string): SeenMessage[] {
  return decodedPackets(file).flatMap((packet) => {
    const { message } = packet;
    // Only ICMPv6 has a code.
    if (message === undefined || message.code !== undefined) return [];
    const named = (name: string) => (message.options ?? []).filter((option) => option.name === name);
    return [
      {
        source: packet.source,
        destination: packet.destination,
        homeAddress: packet.homeAddress,
        routing2: packet.routing2,
        type: message.type,
        sequence: message.sequence,
        flags: message.flags ?? [],
        lifetimeSeconds: message.lifetimeSeconds,
        status: message.status,
        identifiers: named('BindingIdentifier').map(({ bid = -1, status = -1, careOfAddress }) => ({
          bid,
          status,
          careOfAddress,
        })),
        prefixes: named('MobileNetworkPrefix').map((option) => option.prefix ?? ''),
        alternateCareOfAddress: named('AlternateCareOfAddress')[0]?.careOfAddress,
        refreshIntervalSeconds: named('BindingRefreshAdvice')[0]?.refreshIntervalSeconds,
        errorHomeAddress: message.homeAddress,
      },
    ];
  });
}

/** Packets that tshark complains about, with its words. */
export function complaints(file: string): string[] {
  return tsharkFields(file, `${MOBILITY} && _ws.expert`, ['frame.number', '_ws.expert.message']).map(
    (row) => `packet ${row['frame.number']}: ${row['_ws.expert.message']}`,
  );
}

/**
 * What tshark warns of in a capture, taking what is in UDP for `inner`. That TCP segments are missing in it or come
 * twice, where a path was broken, is no fault of theirs.
 */
export function warnings(file: string, inner: 'ipv6' | 'ip'): string[] {
  const options = [...inUdp(inner), ...PLAIN_CONTENT, '-o', 'tcp.analyze_sequence_numbers:FALSE'];
  const fields = ['frame.number', '_ws.expert.message'];
  const filter = '(_ws.expert.severity >= "Warning" || _ws.malformed) && !(_ws.expert.message contains "D-SACK")';
  return tsharkFields(file, filter, fields, options).map(
    (row) => `packet ${row['frame.number']}: ${row['_ws.expert.message']}`,
  );
}

/** ICMPv6 errors (types 1 to 4) in a capture, by whoever sent them. */
export function icmpErrors(file: string): string[] {
  const rows = tsharkFields(file, 'icmpv6.type >= 1 && icmpv6.type <= 4', [
    'ipv6.src',
    'ipv6.dst',
    'icmpv6.type',
    'icmpv6.code',
  ]);
  return rows.map((row) =>
    Object.values(row)
      .map((values) => values[0])
      .join(' '),
  );
}

/** ICMPv4 errors in a capture, by whoever sent them: source, destination, type and code. */
export function icmpv4Errors(file: string): string[] {
  const fields = ['ip.src', 'ip.dst', 'icmp.type', 'icmp.code'];
  return tsharkFields(file, 'icmp.type == 3 || icmp.type == 11 || icmp.type == 12', fields).map((row) =>
    fields.map((field) => row[field]?.[0]).join(' '),
  );
}
