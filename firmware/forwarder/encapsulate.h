/*
 * Outer headers (RFC 2473, RFC 4213, RFC 2003, RFC 5555, RFC 6040) and what must change in the packet inside; see
 * src/forwarding/{encapsulation,tcp-mss}.ts.
 */
#ifndef MONAMI_FORWARDER_ENCAPSULATE_H
#define MONAMI_FORWARDER_ENCAPSULATE_H

#include "packet.h"
#include "table.h"

#define LARGEST_OUTER_BYTES IPV6_HEADER_BYTES

static inline size_t inner_mtu(const struct tunnel *tunnel) { return tunnel->path_mtu - tunnel->overhead; }

/* Writes the outer headers of an inner packet, `tunnel->overhead` octets; `length`: the inner packet's. */
void outer_header(const struct tunnel *tunnel, uint32_t flow_hash, const uint8_t *inner, size_t length,
                  uint8_t *outer);

/* Sets the lengths for a piece of that packet. */
void outer_header_resize(const struct tunnel *tunnel, uint8_t *outer, size_t length);

/* What is 1280 octets long goes over the narrowest IPv4 path in three. */
#define OUTER_FRAGMENTS 3u

struct outer_fragments {
  unsigned count;
  size_t octets; /* of all of them together, with their headers */
  struct {
    size_t start, length; /* in the inner packet */
    size_t header_bytes;
    uint8_t header[IPV6_HEADER_BYTES + FRAGMENT_HEADER_BYTES];
  } pieces[OUTER_FRAGMENTS];
};

/*
 * Cuts the outer packet of an inner IPv6 packet of up to 1280 octets (RFC 2473 §7.1 (b)); `outer` has the headers of
 * the whole one.
 */
void outer_fragment(const struct tunnel *tunnel, const uint8_t *outer, size_t length, uint32_t identification,
                    struct outer_fragments *fragments);

/* Lowers the MSS in a TCP SYN. `pending`: its checksum is still to be completed and does not cover the option yet. */
void clamp_tcp_mss(uint8_t *packet, size_t length, size_t mtu, bool pending);

#endif
