// Cuts packets with a segmentation offload the simple way, to check how the native forwarder cuts and joins them.
import { foldChecksum, sumWords, upperLayerChecksum } from '../../src/bytes/checksum.ts';
import { destinationOf, isIpv4Packet, sourceOf } from '../../src/forwarding/ip-packet.ts';
import { Protocol } from '../../src/forwarding/protocol.ts';
import { concat, TcpFlag, u16 } from './forwarding-packets.ts';

export const NEEDS_CHECKSUM = 1;
export const GSO_NONE = 0;
export const GSO_TCPV4 = 1;
export const GSO_TCPV6 = 4;
export const GSO_UDP = 5;
export const VIRTIO_HEADER_BYTES = 10;

export interface Offload {
  readonly flags: number;
  readonly gsoType: number;
  readonly segmentBytes: number;
  readonly checksumStart: number;
  readonly checksumOffset: number;
}

export function encodeOffload(offload: Offload): Uint8Array {
  return concat(
    Uint8Array.of(offload.flags, offload.gsoType),
    u16(0),
    u16(offload.segmentBytes),
    u16(offload.checksumStart),
    u16(offload.checksumOffset),
  );
}

export function decodeOffload(bytes: Uint8Array): Offload {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    flags: view.getUint8(0),
    gsoType: view.getUint8(1),
    segmentBytes: view.getUint16(4),
    checksumStart: view.getUint16(6),
    checksumOffset: view.getUint16(8),
  };
}

/** The packets that a packet stands for, each with its own lengths, sequence number, flags and checksum. */
export function cutIntoSegments(offload: Offload, packet: Uint8Array): Uint8Array[] {
  if (offload.gsoType === GSO_NONE) return [packet];
  const transport = offload.checksumStart;
  const tcp = offload.gsoType !== GSO_UDP;
  const payloadAt = transport + (tcp ? (packet[transport + 12]! >> 4) * 4 : 8);
  const segments: Uint8Array[] = [];
  for (let at = payloadAt; at < packet.length; at += offload.segmentBytes) {
    const last = at + offload.segmentBytes >= packet.length;
    const segment = concat(packet.subarray(0, payloadAt), packet.subarray(at, at + offload.segmentBytes));
    const view = new DataView(segment.buffer);
    if (isIpv4Packet(packet)) {
      view.setUint16(2, segment.length);
      view.setUint16(4, view.getUint16(4) + segments.length);
      view.setUint16(10, 0);
      view.setUint16(10, foldChecksum(sumWords(segment.slice(0, (packet[0]! & 0x0f) * 4))));
    } else {
      view.setUint16(4, segment.length - 40);
    }
    if (tcp) {
      view.setUint32(transport + 4, view.getUint32(transport + 4) + at - payloadAt);
      if (!last) view.setUint8(transport + 13, view.getUint8(transport + 13) & ~(TcpFlag.fin | TcpFlag.psh));
      if (at !== payloadAt) view.setUint8(transport + 13, view.getUint8(transport + 13) & ~TcpFlag.cwr);
    } else {
      view.setUint16(transport + 4, segment.length - transport);
    }
    view.setUint16(transport + offload.checksumOffset, 0);
    const sum = upperLayerChecksum(
      sourceOf(segment),
      destinationOf(segment),
      tcp ? Protocol.tcp : Protocol.udp,
      segment.subarray(transport),
    );
    view.setUint16(transport + offload.checksumOffset, tcp ? sum : sum || 0xffff);
    segments.push(segment);
  }
  return segments;
}

/** The sum of the pseudo-header alone, as the checksum field of an offloaded packet must hold it. */
export function pseudoHeaderSum(packet: Uint8Array, transport: number, protocol: number): number {
  const length = packet.length - transport;
  const zeros = new Uint8Array(length);
  return ~upperLayerChecksum(sourceOf(packet), destinationOf(packet), protocol, zeros) & 0xffff;
}
