import { wholeUnits } from '../../bindings/lifetime.ts';
import { isNewerSequenceNumber, nextSequenceNumber } from '../../bindings/sequence-number.ts';
import { type Address, isIpv4 } from '../../bytes/address.ts';
import { LIFETIME_UNIT_SECONDS } from '../../wire/mh/numbers.ts';
import type { RoleAction } from '../action.ts';
import { buildBindingUpdate } from './binding-update.ts';
import type { Home, Path } from './path.ts';
import { UpdateRate } from './refusal-wait.ts';
import type { RegistrationAuthentication } from './registration-authentication.ts';
import type { Transaction } from './transaction.ts';

/** Sends the Binding Updates of one home address, each with a number and a proof of its own. */
export class UpdateSender {
  readonly #home: Home;
  readonly #authentication: RegistrationAuthentication;
  readonly #rate = new UpdateRate();
  #sequenceNumber: number;
  /** The link-local address has the home address's interface identifier (flag L, RFC 6275 §11.7.1). */
  linkLocalCompatible = false;
  /** When the home address ends, for lifetimes must not go beyond (RFC 6275 §11.4.2). */
  homeValidUntilMs = Number.POSITIVE_INFINITY;
  /** The agent does not grant UDP encapsulation where there is no NAT (status 144, RFC 5555 §4.4.2). */
  forcedUdpRefused = false;
  /** It has granted it before. */
  forcedUdpGranted = false;
  /** IPv4 care-of addresses from which nothing but UDP gets through (RFC 5555 §4.4.1). */
  readonly udpOnly = new Set<Address>();

  constructor(home: Home, authentication: RegistrationAuthentication, firstSequenceNumber: number) {
    this.#home = home;
    this.#authentication = authentication;
    this.#sequenceNumber = firstSequenceNumber;
  }

  get sequenceNumber(): number {
    return this.#sequenceNumber;
  }

  /** When the next registration may be sent. */
  get allowedMs(): number {
    return this.#rate.allowedMs;
  }

  /** The last number that the agent has accepted. A late answer, overtaken by others, must not make us use any twice. */
  resynchronise(sequenceNumber: number): void {
    if (!isNewerSequenceNumber(this.#sequenceNumber, sequenceNumber)) this.#sequenceNumber = sequenceNumber;
  }

  /** Sends what is pending of a transaction by this path. `known`: care-of addresses of BIDs that have no path any more. */
  send(
    transaction: Transaction,
    path: Path,
    wanted: ReadonlyMap<number, Path>,
    known: (bid: number) => Address | undefined,
    nowMs: number,
  ): RoleAction {
    const registers = transaction.kind === 'register';
    this.#sequenceNumber = nextSequenceNumber(this.#sequenceNumber);
    const pending = [...transaction.pending];
    const paths = pending.flatMap((bid) => wanted.get(bid) ?? []);
    const { ipv4Home } = this.#home;
    const content = {
      sequenceNumber: this.#sequenceNumber,
      lifetimeSeconds: registers ? this.#lifetimeSeconds(paths, nowMs) : 0,
      bindings: new Map(
        pending.map((bid) => [bid, wanted.get(bid)?.careOfAddress ?? known(bid) ?? path.careOfAddress]),
      ),
      overwrite: transaction.overwrite,
      linkLocalCompatible: this.linkLocalCompatible,
      source: path.careOfAddress,
      forcesUdp: registers && this.#forcesUdp(path.careOfAddress),
      ...(registers && ipv4Home && { ipv4Home: ipv4Home.options() }),
      // For the home agent, which may not ask the home link for it (RFC 5648 §5.6.3).
      linkLayerAddress: registers ? paths.find(({ homeLink }) => homeLink)?.homeLink?.linkLayerAddress : undefined,
    };
    const unproven = buildBindingUpdate(this.#home, content, path);
    const { packet, encoding, proof } = this.#authentication.prove(unproven, nowMs);
    transaction.sent({ ...content, sentMs: nowMs, ...(proof && { proof }) });
    if (registers) this.#rate.sent(nowMs);
    return { type: 'send', packet, interfaceIndex: path.interfaceIndex, ...(encoding && { encoding }) };
  }

  #forcesUdp(source: Address): boolean {
    if (!isIpv4(source) || this.forcedUdpRefused) return false;
    return this.#home.udpEncapsulation === 'always' || this.udpOnly.has(source);
  }

  /** No longer than home address and care-of addresses are valid, as far as that is known (RFC 6275 §11.7.1). */
  #lifetimeSeconds(paths: readonly Path[], nowMs: number): number {
    const ends = paths.map(({ validUntilMs }) => validUntilMs ?? Number.POSITIVE_INFINITY);
    const remainingMs = Math.min(this.homeValidUntilMs, ...ends) - nowMs;
    return Math.max(LIFETIME_UNIT_SECONDS, wholeUnits(Math.min(this.#home.lifetimeSeconds, remainingMs / 1000)));
  }
}
