import { HASH_SHA1, hmac, randomBytes, wallClockMs } from 'monami-native';
import type { RoleServices } from '../../roles/services.ts';

/** The machines' surroundings on a real host. */
export const roleServices: RoleServices = {
  random16() {
    const bytes = new Uint8Array(2);
    randomBytes(bytes.buffer, 0, bytes.length);
    return (bytes[0]! << 8) | bytes[1]!;
  },
  wallClockMs,
  hmacSha1(key, data) {
    const { buffer } = key.slice();
    return new Uint8Array(hmac(HASH_SHA1, buffer, data.buffer as ArrayBuffer, data.byteOffset, data.length));
  },
};
