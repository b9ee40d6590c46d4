/* Outer headers (RFC 2473, RFC 6040) and what must change in the packet inside; see src/forwarding/encapsulation.ts. */
#ifndef MONAMI_FORWARDER_ENCAPSULATE_H
#define MONAMI_FORWARDER_ENCAPSULATE_H

#include "packet.h"
#include "table.h"

static inline size_t inner_mtu(const struct tunnel *tunnel) { return tunnel->path_mtu - IPV6_HEADER_BYTES; }

/* Writes the outer header of an inner packet; `length`: the inner packet's. */
void outer_header(const struct tunnel *tunnel, uint32_t flow_hash, const uint8_t *inner, size_t length,
                  uint8_t outer[IPV6_HEADER_BYTES]);

/* Sets the payload length for a piece of that packet. */
void outer_header_resize(uint8_t *outer, size_t length);

struct outer_fragments {
  size_t cut; /* where the second one starts in the inner packet */
  uint8_t headers[2][IPV6_HEADER_BYTES + FRAGMENT_HEADER_BYTES];
};

/* The headers of an outer packet in two fragments (RFC 2473 §7.1 (b)), from those of the whole one. */
void outer_fragment_headers(const struct tunnel *tunnel, const uint8_t *outer, size_t length, uint32_t identification,
                            struct outer_fragments *fragments);

/* Where the inner packet starts in a whole outer one, and its length; 0 if there is none. */
size_t find_inner(const uint8_t *outer, size_t length, size_t *inner_length);

/* Sets the inner packet's ECN field when it leaves the tunnel; false: drop it (RFC 6040 §4.2). */
bool decapsulate_ecn(uint8_t *inner, const uint8_t *outer);

/* Lowers the MSS in a TCP SYN. `pending`: its checksum is still to be completed and does not cover the option yet. */
void clamp_tcp_mss(uint8_t *packet, size_t length, size_t mtu, bool pending);

#endif
