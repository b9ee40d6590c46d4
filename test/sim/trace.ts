import { writeFileSync } from 'node:fs';

const LINKTYPE_RAW = 101;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
/** Packets kept for the capture of a failure: the last ones tell the story. */
const KEPT_PACKETS = 20_000;

/** What happened, as one number to compare runs by, and on demand as a capture and a log. */
export class Trace {
  readonly #keeps: boolean;
  readonly #packets: { readonly timeMs: number; readonly packet: Uint8Array }[] = [];
  readonly #lines: string[] = [];
  #hash = 0x811c9dc5;
  packets = 0;

  /** `keeps`: also what the capture and the log need. */
  constructor(keeps: boolean) {
    this.#keeps = keeps;
  }

  get keeps(): boolean {
    return this.#keeps;
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  /** A packet that a host or router has put on a link. */
  packet(timeMs: number, packet: Uint8Array): void {
    this.packets++;
    let hash = this.#hash ^ Math.round(timeMs * 1000);
    for (let i = 0; i < packet.length; i++) hash = Math.imul(hash ^ packet[i]!, 0x01000193);
    this.#hash = hash;
    if (!this.#keeps) return;
    this.#packets.push({ timeMs, packet });
    if (this.#packets.length >= 2 * KEPT_PACKETS) this.#packets.splice(0, KEPT_PACKETS);
  }

  /** Something else worth knowing. The text is only made if somebody keeps it. */
  note(timeMs: number, text: () => string): void {
    this.#hash = Math.imul(this.#hash ^ Math.round(timeMs), 0x01000193);
    if (!this.#keeps) return;
    this.#lines.push(`${(timeMs / 1000).toFixed(3).padStart(12)}  ${text()}`);
    if (this.#lines.length >= 2 * KEPT_PACKETS) this.#lines.splice(0, KEPT_PACKETS);
  }

  /** Writes PATH.pcap and PATH.log. */
  write(path: string): void {
    const packets = this.#packets.slice(-KEPT_PACKETS);
    const size = packets.reduce((sum, { packet }) => sum + RECORD_HEADER + packet.length, FILE_HEADER);
    const file = new Uint8Array(size);
    const view = new DataView(file.buffer);
    view.setUint32(0, 0xa1b2c3d4);
    view.setUint16(4, 2);
    view.setUint16(6, 4);
    view.setUint32(16, 0xffff);
    view.setUint32(20, LINKTYPE_RAW);
    let at = FILE_HEADER;
    for (const { timeMs, packet } of packets) {
      const microseconds = Math.round(timeMs * 1000);
      view.setUint32(at, Math.floor(microseconds / 1_000_000));
      view.setUint32(at + 4, microseconds % 1_000_000);
      view.setUint32(at + 8, packet.length);
      view.setUint32(at + 12, packet.length);
      file.set(packet, at + RECORD_HEADER);
      at += RECORD_HEADER + packet.length;
    }
    writeFileSync(`${path}.pcap`, file);
    writeFileSync(`${path}.log`, `${this.#lines.slice(-KEPT_PACKETS).join('\n')}\n`);
  }
}
