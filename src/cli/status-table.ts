import type {
  BindingDocument,
  HomeAgentDocument,
  MobileRouterDocument,
  StatusDocument,
  TunnelDocument,
} from '../telemetry/status-document.ts';

const AUTHENTICATION_WORDS = {
  required: 'required',
  partial: 'NOT for all home addresses',
  none: 'NONE: whoever can send packets here can register',
} as const;

/** A status document as tables for people. */
export function formatStatusTable(document: StatusDocument): string {
  const blocks = [
    `monami ${document.version}, up ${duration(document.uptimeSeconds)}`,
    ...(document.mobileRouter ? mobileRouterBlocks(document.mobileRouter) : []),
    ...(document.homeAgent ? homeAgentBlocks(document.homeAgent) : []),
    ...(document.forwarder ? [counterBlock('forwarder', { ...document.forwarder })] : []),
    counterBlock('dropped', document.drops),
    counterBlock('messages', document.messages),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** Beside the first home: where it is, and the other ones. */
function homeFacts({ homes }: MobileRouterDocument): string[][] {
  const [first, ...others] = homes;
  const words = { away: 'away from home', home: 'at home', 'home-and-away': 'at home and away' } as const;
  const stateOf = (state: string) => (words as Readonly<Record<string, string>>)[state] ?? state;
  return [
    ...(first ? [['place', stateOf(first.state)]] : []),
    ...others.map((home) => [
      `home ${home.name}`,
      `${home.homeAddress} of ${home.homeAgentAddress ?? 'no home agent yet'}, ${stateOf(home.state)}, ` +
        `${home.bindings.length} bindings`,
    ]),
  ];
}

/** What of IPv4 the homes have. */
function ipv4Facts({ homes }: MobileRouterDocument): string[][] {
  return homes.flatMap(({ name, ipv4 }, index) => {
    if (!ipv4) return [];
    const bound = [...(ipv4.homeAddress === null ? [] : [ipv4.homeAddress]), ...ipv4.prefixes];
    const agent = ipv4.homeAgentAddress ?? 'no IPv4 address known';
    return [[index === 0 ? 'IPv4' : `IPv4 of ${name}`, `${bound.join(' ') || 'nothing bound'}, home agent ${agent}`]];
  });
}

/** How an IPv4 care-of address is reached. */
function carriage(path: { readonly encapsulation: 'ipv4' | 'udp' | null; readonly nat: boolean | null } | undefined) {
  if (!path) return '-';
  const words = { ipv4: 'IPv4', udp: 'UDP' } as const;
  const nat = path.nat === null ? ' NAT?' : path.nat ? ' NAT' : '';
  return path.encapsulation === null ? '?' : `${words[path.encapsulation]}${nat}`;
}

function mobileRouterBlocks(router: MobileRouterDocument): string[] {
  const { homeAddress, homeAgentAddress, prefixes, multipleCareOfAddresses } = router;
  const several = { supported: 'yes', unsupported: 'no', unknown: 'not known yet' }[multipleCareOfAddresses];
  const facts = [
    ['mobile router', homeAddress],
    ['home agent', homeAgentAddress ?? 'not found yet'],
    ...homeFacts(router),
    ['prefixes', prefixes.join(' ')],
    ...ipv4Facts(router),
    ['several paths', several],
    ['authentication', AUTHENTICATION_WORDS[router.authentication]],
  ];
  const inIpv4 = router.uplinks.some(({ ipv4 }) => ipv4);
  const uplinks = router.uplinks.map((uplink) => [
    uplink.preferred ? '>' : '',
    uplink.name,
    uplink.interface,
    `${uplink.bid}`,
    uplink.state,
    uplink.careOfAddress ?? '-',
    ...(inIpv4 ? [carriage(uplink.ipv4), keepAlive(uplink.ipv4?.keepAliveSeconds)] : []),
    uplink.roundTripMs === null ? '-' : `${uplink.roundTripMs.toFixed(1)} ms`,
    uplink.registrationRemainingSeconds === null ? '-' : duration(uplink.registrationRemainingSeconds),
    ...tunnelCells(uplink.tunnel),
  ]);
  const titles = [
    '',
    'uplink',
    'device',
    'BID',
    'state',
    'care-of address',
    ...(inIpv4 ? ['in IPv4', 'keep-alive'] : []),
    'round trip',
    'lifetime',
    ...TUNNEL_TITLES,
  ];
  return [columns(facts), columns([titles, ...uplinks])];
}

function homeAgentBlocks(agent: HomeAgentDocument): string[] {
  const facts = [
    ['home agent', agent.address],
    ['bindings', `${agent.bindings.length}`],
    ['authentication', AUTHENTICATION_WORDS[agent.authentication]],
  ];
  if (agent.bindings.length === 0) return [columns(facts)];
  const inIpv4 = agent.bindings.some(({ outer }) => outer);
  const bindings = agent.bindings.map((binding) => [
    binding.homeAddress,
    binding.bid === 0 ? '-' : `${binding.bid}`,
    binding.careOfAddress,
    ...(inIpv4 ? [carriage(binding.outer), outerPlace(binding)] : []),
    duration(binding.remainingSeconds),
    ...tunnelCells(binding.tunnel),
    [...binding.prefixes, ...ipv4Of(binding)].join(' ') || '-',
  ]);
  const titles = [
    ...['home address', 'BID', 'care-of address'],
    ...(inIpv4 ? ['in IPv4', 'heard from'] : []),
    ...['lifetime', ...TUNNEL_TITLES, 'prefixes'],
  ];
  return [columns(facts), columns([titles, ...bindings])];
}

function keepAlive(seconds: number | null | undefined): string {
  return typeof seconds === 'number' ? duration(seconds) : '-';
}

function outerPlace({ outer }: BindingDocument): string {
  return outer ? `${outer.address}:${outer.port}` : '-';
}

function ipv4Of({ ipv4 }: BindingDocument): readonly string[] {
  return ipv4 ? [...(ipv4.homeAddress === null ? [] : [ipv4.homeAddress]), ...ipv4.prefixes] : [];
}

const TUNNEL_TITLES = ['sent', 'received', 'silent'];

function tunnelCells(tunnel: TunnelDocument | null): string[] {
  if (!tunnel) return ['-', '-', '-'];
  return [
    octets(tunnel.sentBytes),
    octets(tunnel.receivedBytes),
    tunnel.silentSeconds === null ? '-' : duration(tunnel.silentSeconds),
  ];
}

/** Counters that are not zero, by name; nothing if there are none. */
function counterBlock(title: string, counters: Readonly<Record<string, number>>): string {
  const rows = Object.entries(counters).filter(([, value]) => value !== 0);
  return columns(rows.map(([name, value], index) => [index === 0 ? title : '', name, `${value}`]));
}

/** Left-aligned columns, two spaces between. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** 42 s, 3 min 20 s, 5 h 3 min, 2 d 4 h. */
export function duration(value: number): string {
  const whole = Math.floor(value);
  if (whole < 60) return `${whole} s`;
  const [unit, name, smaller, smallerName] =
    whole < 3600
      ? ([60, 'min', 1, 's'] as const)
      : whole < 86400
        ? ([3600, 'h', 60, 'min'] as const)
        : ([86400, 'd', 3600, 'h'] as const);
  const rest = Math.floor((whole % unit) / smaller);
  return `${Math.floor(whole / unit)} ${name}${rest === 0 ? '' : ` ${rest} ${smallerName}`}`;
}

/** 512 B, 1.5 kB, 20.0 MB. */
export function octets(value: number): string {
  if (value < 1000) return `${value} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let scaled = value / 1000;
  let unit = 0;
  while (scaled >= 999.95 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return `${scaled.toFixed(1)} ${units[unit]}`;
}
