/* IPv4 headers; the same as src/forwarding/{ipv4-header,ipv4-fragments}.ts. */
#ifndef MONAMI_FORWARDER_IPV4_H
#define MONAMI_FORWARDER_IPV4_H

#include "ip.h"

/* The length of the IPv4 packet at `bytes` without what follows it; 0 if there is no sound one. */
size_t ipv4_whole_length(const uint8_t *bytes, size_t length);

/* Writes a word of the header; its checksum follows (RFC 1624). */
void ipv4_set_header_word(uint8_t *packet, size_t at, uint16_t value);

/* Computes the header's checksum from nothing. */
void ipv4_set_checksum(uint8_t *packet);

/* The fragments of a packet that may be fragmented (RFC 791 §3.2). */
struct ipv4_fragmentation {
  size_t header, step, count; /* octets of the header, and of what is behind it in each but the last; how many */
};

void ipv4_plan_fragments(const uint8_t *packet, size_t length, size_t mtu, struct ipv4_fragmentation *plan);

/* Fragment `number`: its header goes to `header` (plan->header octets). */
struct segment ipv4_cut_fragment(const uint8_t *packet, size_t length, const struct ipv4_fragmentation *plan,
                                 size_t number, uint8_t *header);

#endif
