import { addressToBytes } from '../../bytes/address.ts';
import type { Prefix } from '../../bytes/prefix.ts';
import { decodeAttributes, putAttribute, putU8Attribute, putU32Attribute, u32Attribute } from './attributes.ts';
import { familyOf, ipFamily, prefixAttribute } from './family.ts';
import type { NetlinkChange, NetlinkHeader, RuleMessage } from './message.ts';
import type { NativeReader } from './native-reader.ts';
import type { NativeWriter } from './native-writer.ts';
import { RouteTable, RuleAction, RuleAttribute } from './numbers.ts';

const INVERTED = 2;
const NO_SUPPRESSION = 0xffffffff;
/** Attributes that only say more about the action, and leave open which packets match. */
const NOT_SELECTING: ReadonlySet<number> = new Set([
  RuleAttribute.destination,
  RuleAttribute.source,
  RuleAttribute.priority,
  RuleAttribute.suppressPrefixLength,
  RuleAttribute.table,
  RuleAttribute.protocol,
  RuleAttribute.goto,
  RuleAttribute.suppressInterfaceGroup,
]);

/** Adds a rule `from SOURCE lookup TABLE`, or removes it. */
export interface RuleRequest {
  readonly kind: 'add-rule' | 'delete-rule';
  readonly priority: number;
  /** `::/0` or `0.0.0.0/0` for any source. */
  readonly source: Prefix;
  readonly table: number;
  /** Routes found with a prefix of at most this length do not count: 0 skips default routes. */
  readonly suppressPrefixLength?: number;
  /** A `RouteProtocol`, or a number of one's own. */
  readonly protocol?: number;
}

/**
 * Reads what follows the header of RTM_NEWRULE or RTM_DELRULE (`struct fib_rule_hdr`: family, destination length,
 * source length, type of service, table, two reserved octets, action, flags). `undefined` for another family than IPv4
 * and IPv6.
 */
export function decodeRule(
  header: NetlinkHeader,
  change: NetlinkChange,
  reader: NativeReader,
): RuleMessage | undefined {
  const family = ipFamily(reader.u8());
  const lengthOffset = reader.offset;
  const destinationLength = reader.u8();
  const sourceLength = reader.u8();
  const typeOfService = reader.u8();
  const lowTable = reader.u8();
  reader.skip(2);
  const action = reader.u8();
  const flags = reader.u32();
  if (!family) return undefined;
  const attributes = decodeAttributes(reader);
  const source = attributes.get(RuleAttribute.source);
  const destination = attributes.get(RuleAttribute.destination);
  const suppressed = u32Attribute(attributes, RuleAttribute.suppressPrefixLength);
  const selecting = [...attributes].some(([type, value]) =>
    // This one may be there without a meaning.
    type === RuleAttribute.l3MasterDevice ? value.u8() !== 0 : !NOT_SELECTING.has(type),
  );
  return {
    kind: 'rule',
    change,
    ...header,
    family,
    priority: u32Attribute(attributes, RuleAttribute.priority) ?? 0,
    table: u32Attribute(attributes, RuleAttribute.table) ?? lowTable,
    source: sourceLength === 0 ? undefined : prefixAttribute(source, sourceLength, lengthOffset + 1, family),
    destination:
      destinationLength === 0 ? undefined : prefixAttribute(destination, destinationLength, lengthOffset, family),
    action,
    suppressPrefixLength: suppressed === NO_SUPPRESSION ? undefined : suppressed,
    protocol: attributes.get(RuleAttribute.protocol)?.u8() ?? 0,
    narrowed: selecting || typeOfService !== 0 || (flags & INVERTED) !== 0,
  };
}

export function encodeRuleRequest(writer: NativeWriter, request: RuleRequest): void {
  const { source, table } = request;
  writer.u8(familyOf(source.address)).u8(0).u8(source.length).u8(0);
  writer.u8(table < 256 ? table : RouteTable.unspecified).zeros(2);
  writer.u8(RuleAction.toTable).u32(0);
  if (source.length > 0) putAttribute(writer, RuleAttribute.source, addressToBytes(source.address));
  putU32Attribute(writer, RuleAttribute.priority, request.priority);
  putU32Attribute(writer, RuleAttribute.table, table);
  if (request.suppressPrefixLength !== undefined) {
    putU32Attribute(writer, RuleAttribute.suppressPrefixLength, request.suppressPrefixLength);
  }
  if (request.protocol !== undefined) putU8Attribute(writer, RuleAttribute.protocol, request.protocol);
}
