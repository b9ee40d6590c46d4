import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { OptionType } from '../numbers.ts';

/** The link-layer address under which a node is reached without Neighbor Discovery (RFC 5568 §6.4.4, RFC 5648 §5.6.2). */
export interface MobilityHeaderLinkLayerAddressOption {
  readonly type: typeof OptionType.mobilityHeaderLinkLayerAddress;
  /** A `LinkLayerAddressOptionCode`: whose address it is. */
  readonly optionCode: number;
  readonly linkLayerAddress: Uint8Array;
}

/**
 * ```
 *                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                 |   Type = 7    |     Length    |  Option-Code  |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                      Link-Layer Address                     ...
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
export function decodeMobilityHeaderLinkLayerAddress(data: Reader): MobilityHeaderLinkLayerAddressOption {
  const type = OptionType.mobilityHeaderLinkLayerAddress;
  return { type, optionCode: data.u8(), linkLayerAddress: data.rest() };
}

export function encodeMobilityHeaderLinkLayerAddress(
  writer: Writer,
  option: MobilityHeaderLinkLayerAddressOption,
): void {
  writer.u8(option.optionCode).put(option.linkLayerAddress);
}
