import { isIpv4 } from '../../bytes/address.ts';
import type { AgentAbilities } from './agent-abilities.ts';
import type { Path } from './path.ts';
import type { Transaction } from './transaction.ts';
import type { WantedBindings } from './wanted-bindings.ts';

/**
 * The path that an update goes by now. A registration of one care-of address leaves from that address, which proves the
 * path. Everything else takes the best path, and another one each time that no answer came.
 */
export function choosePath(
  transaction: Transaction,
  wanted: WantedBindings,
  abilities: AgentAbilities,
): Path | undefined {
  const { paths } = wanted;
  if (transaction.overwrite && transaction.attempts > 0) tryNextPath(transaction, paths, abilities);
  const [only, ...others] = transaction.pending;
  const own = only === undefined ? undefined : wanted.all().get(only);
  const foreign = paths.filter(({ homeLink, isTrial }) => !homeLink && !isTrial);
  const isOwnIpv4 = own !== undefined && isIpv4(own.careOfAddress) && others.length === 0;
  // Where every binding has its own update, those from the home link alone do not say that it has been left.
  const home = paths.find(({ homeLink }) => homeLink);
  const isRegister = transaction.kind === 'register';
  if (isRegister && !abilities.bulk && home && !abilities.homeBindingUnavailable && !isOwnIpv4) return home;
  // Abroad the agent's answer is not in the way of its own defence of the home address.
  const isBest = isRegister && others.length === 0 && (!own?.homeLink || foreign.length === 0);
  if (isBest) return own;
  const usable = foreign.length > 0 ? foreign : paths;
  // An update from an IPv4 care-of address is taken for one about that address alone.
  const ipv6 = usable.filter(({ careOfAddress }) => !isIpv4(careOfAddress));
  const carriers = !isRegister ? usable : ipv6.length > 0 ? ipv6 : home ? [home] : usable;
  return turn(transaction, carriers);
}

/** The first registration goes round the paths until one brings an answer. */
function tryNextPath(transaction: Transaction, paths: readonly Path[], { support }: AgentAbilities): void {
  const next = turn(transaction, paths);
  if (!next || support === 'unsupported') return;
  transaction.pending.clear();
  transaction.pending.add(next.bid);
}

function turn({ attempts }: Transaction, paths: readonly Path[]): Path | undefined {
  return paths[attempts % Math.max(1, paths.length)];
}
