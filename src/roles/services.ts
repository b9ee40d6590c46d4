/** What a machine may ask of its surroundings: chance, the time of day and a hash. It stays pure, for they are injected. */
export interface RoleServices {
  /** A number from 0 to 65535 from a good source of randomness. */
  random16(): number;
  /** Time of day in milliseconds since 1970. It may jump; nothing but timestamps on the wire may depend on it. */
  wallClockMs(): number;
  /** HMAC-SHA1 (RFC 2104): 20 octets. */
  hmacSha1(key: Uint8Array, data: Uint8Array): Uint8Array;
}
