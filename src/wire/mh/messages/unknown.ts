/** A message whose type this implementation doesn't know; `data` follows the checksum. */
export interface UnknownMessage {
  readonly type: 'unknown';
  readonly messageType: number;
  readonly data: Uint8Array;
}
