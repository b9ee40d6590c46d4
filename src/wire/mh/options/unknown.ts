/** An option that this implementation doesn't know, kept as it was received (RFC 6275 §6.2.1). */
export interface UnknownOption {
  readonly type: 'unknown';
  readonly optionType: number;
  readonly data: Uint8Array;
}
