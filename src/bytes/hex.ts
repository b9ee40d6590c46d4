/** Lower-case hex digits, two per octet, nothing between. */
export function formatHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += (byte < 16 ? '0' : '') + byte.toString(16);
  return text;
}

/** Reads hex digits, with spaces, colons or line breaks anywhere between octets; `undefined` if there is anything else. */
export function parseHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/[\s:]+/g, '');
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) return undefined;
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}
