/*
 * What the forwarder needs to know of an IPv6 or IPv4 packet; the same as
 * src/forwarding/{ip-packet,ipv6-header,flow-key}.ts.
 */
#ifndef MONAMI_FORWARDER_PACKET_H
#define MONAMI_FORWARDER_PACKET_H

#include "ip.h"

/* The length of the IPv6 packet at `bytes` without what follows its payload; 0 if there is none or it is cut off. */
size_t ipv6_whole_length(const uint8_t *bytes, size_t length);

/* The same for a packet of either version. All functions below are for whole packets. */
size_t whole_length(const uint8_t *bytes, size_t length);

enum fragment { FRAGMENT_NONE, FRAGMENT_FIRST, FRAGMENT_LATER };

struct transport {
  size_t offset; /* the packet's length if the extension headers are cut off or too many */
  uint8_t protocol;
  enum fragment fragment;
};

struct transport find_transport(const uint8_t *packet, size_t length);

static inline bool is_multicast(const uint8_t *address) { return address[0] == 0xff; }
static inline bool is_ipv4_multicast(const uint8_t *address) { return address[0] >> 4 == 0xe; }
bool is_unspecified(const uint8_t *address);

/* An IPv4 address in 16 octets: ::ffff:a.b.c.d. */
void map_address(uint8_t mapped[16], const uint8_t *address);
bool is_mapped(const uint8_t *address);

/* Whether a packet with these addresses may go into a tunnel. */
bool may_leave_link(const uint8_t *packet);

/* Whether it is an IPv4 packet without the don't-fragment bit. */
bool may_be_fragmented(const uint8_t *packet);

/* Hop limit or time to live. */
static inline uint8_t hop_limit_of(const uint8_t *packet) { return packet[is_ipv4(packet) ? IPV4_TTL : IPV6_HOP_LIMIT]; }
void decrement_hop_limit(uint8_t *packet);

#define FLOW_KEY_BYTES 40u

/* Source 16, destination 16, discriminator 4, protocol 1, kind 1, family 1, zero 1. */
struct flow_key {
  uint8_t bytes[FLOW_KEY_BYTES];
};

void flow_key_of(const uint8_t *packet, size_t length, struct flow_key *key);
void reverse_flow_key(const struct flow_key *key, struct flow_key *reversed);

/* Or type of service. */
static inline unsigned traffic_class_of(const uint8_t *packet) {
  return is_ipv4(packet) ? packet[1] : (unsigned)(packet[0] & 0x0f) << 4 | packet[1] >> 4;
}

#endif
