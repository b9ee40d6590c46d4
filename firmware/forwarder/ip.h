/* The layouts of IPv6 and IPv4 headers. */
#ifndef MONAMI_FORWARDER_IP_H
#define MONAMI_FORWARDER_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPV6_HEADER_BYTES 40u
#define FRAGMENT_HEADER_BYTES 8u
#define IPV6_MINIMUM_MTU_BYTES 1280u
#define IPV4_HEADER_BYTES 20u
#define IPV4_MINIMUM_MTU_BYTES 576u
#define UDP_HEADER_BYTES 8u
/* IPv6 header and the largest payload length. */
#define LARGEST_PACKET_BYTES (IPV6_HEADER_BYTES + 65535u)

enum protocol {
  PROTOCOL_HOP_BY_HOP = 0,
  PROTOCOL_ICMP = 1,
  PROTOCOL_IPV4 = 4,
  PROTOCOL_TCP = 6,
  PROTOCOL_UDP = 17,
  PROTOCOL_DCCP = 33,
  PROTOCOL_IPV6 = 41,
  PROTOCOL_ROUTING = 43,
  PROTOCOL_FRAGMENT = 44,
  PROTOCOL_ICMPV6 = 58,
  PROTOCOL_DESTINATION_OPTIONS = 60,
  PROTOCOL_SCTP = 132,
  PROTOCOL_MOBILITY = 135,
  PROTOCOL_UDP_LITE = 136,
};

#define IPV6_NEXT_HEADER 6
#define IPV6_HOP_LIMIT 7
#define IPV6_SOURCE 8
#define IPV6_DESTINATION 24

#define IPV4_IDENTIFICATION 4
#define IPV4_FRAGMENT_FIELD 6
#define IPV4_TTL 8
#define IPV4_PROTOCOL 9
#define IPV4_CHECKSUM 10
#define IPV4_SOURCE 12
#define IPV4_DESTINATION 16
#define IPV4_DONT_FRAGMENT 0x4000
#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV4_FRAGMENT_OFFSET 0x1fff

/* A part of a packet's payload; its headers are elsewhere. */
struct segment {
  const uint8_t *payload;
  size_t length;
};

static inline bool is_ipv4(const uint8_t *packet) { return packet[0] >> 4 == 4; }

/* With options. */
static inline size_t ipv4_header_bytes(const uint8_t *packet) { return (packet[0] & 0x0f) * 4u; }

static inline size_t ip_header_bytes(const uint8_t *packet) {
  return is_ipv4(packet) ? ipv4_header_bytes(packet) : IPV6_HEADER_BYTES;
}

#endif
