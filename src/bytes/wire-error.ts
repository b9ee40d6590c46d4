/** Why bytes from the network could not be understood. */
export type WireErrorCode =
  | 'truncated'
  | 'bad-length'
  | 'bad-value'
  | 'bad-checksum'
  | 'bad-padding'
  | 'bad-next-header'
  | 'duplicate-option'
  | 'option-overrun'
  | 'option-not-last'
  | 'unrecognized-option'
  | 'unrecognized-message'
  | 'unsupported';

/**
 * What a standard tells the receiver to send back for a malformed packet.
 * `pointer` counts octets from the first octet of the IPv6 header.
 */
export type WireErrorAnswer =
  | { readonly kind: 'binding-error'; readonly status: number }
  | { readonly kind: 'parameter-problem'; readonly code: number; readonly pointer: number };

/**
 * Bytes that do not follow their standard. The only error that a decoder lets out.
 * `offset` counts octets from the start of the packet or of the buffer that was given to the decoder.
 */
export class WireError extends Error {
  readonly code: WireErrorCode;
  readonly offset: number;
  readonly answer: WireErrorAnswer | undefined;

  constructor(code: WireErrorCode, offset: number, answer?: WireErrorAnswer) {
    super(`${code} at offset ${offset}`);
    this.code = code;
    this.offset = offset;
    this.answer = answer;
  }
}
