/* What the forwarder needs to know of an IPv6 packet; the same as src/forwarding/{ipv6-header,flow-key}.ts. */
#ifndef MONAMI_FORWARDER_PACKET_H
#define MONAMI_FORWARDER_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPV6_HEADER_BYTES 40u
#define FRAGMENT_HEADER_BYTES 8u
#define IPV6_MINIMUM_MTU_BYTES 1280u
/* IPv6 header and the largest payload length. */
#define LARGEST_PACKET_BYTES (IPV6_HEADER_BYTES + 65535u)

enum protocol {
  PROTOCOL_HOP_BY_HOP = 0,
  PROTOCOL_TCP = 6,
  PROTOCOL_UDP = 17,
  PROTOCOL_DCCP = 33,
  PROTOCOL_IPV6 = 41,
  PROTOCOL_ROUTING = 43,
  PROTOCOL_FRAGMENT = 44,
  PROTOCOL_ICMPV6 = 58,
  PROTOCOL_DESTINATION_OPTIONS = 60,
  PROTOCOL_SCTP = 132,
  PROTOCOL_UDP_LITE = 136,
};

#define IPV6_NEXT_HEADER 6
#define IPV6_HOP_LIMIT 7
#define IPV6_SOURCE 8
#define IPV6_DESTINATION 24

/* The length of the IPv6 packet at `bytes` without what follows its payload; 0 if there is none or it is cut off. */
size_t ipv6_whole_length(const uint8_t *bytes, size_t length);

enum fragment { FRAGMENT_NONE, FRAGMENT_FIRST, FRAGMENT_LATER };

struct transport {
  size_t offset; /* the packet's length if the extension headers are cut off or too many */
  uint8_t protocol;
  enum fragment fragment;
};

/* `length` is that of the whole packet, at least 40. */
struct transport find_transport(const uint8_t *packet, size_t length);

static inline bool is_multicast(const uint8_t *address) { return address[0] == 0xff; }
bool is_unspecified(const uint8_t *address);

/* Whether a packet with these addresses may go into a tunnel. */
bool may_leave_link(const uint8_t *packet);

#define FLOW_KEY_BYTES 40u

/* Source 16, destination 16, discriminator 4, protocol 1, kind 1, zero 2. */
struct flow_key {
  uint8_t bytes[FLOW_KEY_BYTES];
};

void flow_key_of(const uint8_t *packet, size_t length, struct flow_key *key);
void reverse_flow_key(const struct flow_key *key, struct flow_key *reversed);

static inline unsigned traffic_class_of(const uint8_t *packet) {
  return (unsigned)(packet[0] & 0x0f) << 4 | packet[1] >> 4;
}

#endif
