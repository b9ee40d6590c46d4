/** Next Header values (IANA "Assigned Internet Protocol Numbers"). */
export const NextHeader = {
  hopByHopOptions: 0,
  icmpv4: 1,
  ipv4: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  routing: 43,
  fragment: 44,
  esp: 50,
  authentication: 51,
  icmpv6: 58,
  none: 59,
  destinationOptions: 60,
  mobility: 135,
} as const;

/** Codes of an ICMPv6 Parameter Problem (RFC 4443 §3.4). */
export const ParameterProblemCode = {
  erroneousHeaderField: 0,
  unrecognizedNextHeader: 1,
  unrecognizedOption: 2,
} as const;
