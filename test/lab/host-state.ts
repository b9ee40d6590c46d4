// What a host's network looks like from outside, as text that can be compared before and after.
import { spawnSync } from 'node:child_process';
import { inNamespace } from './namespace.ts';

const VIEWS: readonly (readonly string[])[] = [
  ['ip', '-6', 'rule'],
  ['ip', '-4', 'rule'],
  ['ip', '-6', 'route', 'show', 'table', 'all'],
  ['ip', '-4', 'route', 'show', 'table', 'all'],
  ['ip', '-6', '-oneline', 'address'],
  ['ip', 'link'],
  ['nft', 'list', 'ruleset'],
  ['sysctl', '-a', '-r', '^net\\.ipv[46]\\.(conf\\..*\\.(forwarding|rp_filter|accept_ra)|ip_forward)'],
];

/** What changes by itself: counters of seconds, and routes that the kernel makes for a while. */
function stable(line: string): boolean {
  return !/\bcache\b/.test(line);
}

function withoutClocks(line: string): string {
  return line
    .replace(/ (expires|used|age) -?\d+sec/g, '')
    .replace(/packets \d+ bytes \d+/g, '')
    .trimEnd();
}

/**
 * Rules, routes of all tables, addresses, links, nftables rules and forwarding switches of a namespace: one sorted
 * text per view (nftables in its own order), equal if nothing has changed.
 */
export function hostState(namespace: string): string {
  return VIEWS.map((view) => {
    const [command = '', ...rest] = inNamespace(namespace, view);
    const { stdout } = spawnSync(command, rest, { encoding: 'utf8' });
    const lines = stdout.split('\n').filter(Boolean).filter(stable).map(withoutClocks);
    if (view[0] !== 'nft' && view[1] !== 'link') lines.sort();
    return `# ${view.join(' ')}\n${lines.join('\n')}\n`;
  }).join('\n');
}

/** The lines that two states do not share, as `- before` and `+ after`; empty if they are equal. */
export function stateDifference(before: string, after: string): string[] {
  const old = before.split('\n');
  const now = after.split('\n');
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
  ];
}
