/* What an outer packet carries; see src/forwarding/{decapsulation,ecn}.ts. */
#ifndef MONAMI_FORWARDER_DECAPSULATE_H
#define MONAMI_FORWARDER_DECAPSULATE_H

#include "packet.h"
#include "table.h"

struct carried {
  struct tunnel_ends ends; /* as in packets that we send: source is ours */
  size_t start, length;    /* of the inner packet */
};

/* Of a received outer packet, as in packets that we send. */
void outer_addresses(const uint8_t *outer, uint8_t addresses[32]);

/*
 * Looks into a whole outer packet. False if it carries no whole one, or is a fragment. `pending`: the checksum of the
 * inner packet is still to be completed, which a checksum around it takes for granted.
 */
bool decapsulate(const uint8_t *outer, size_t length, bool pending, struct carried *carried);

/* Sets the inner packet's ECN field when it leaves the tunnel; false: drop it (RFC 6040 §4.2). */
bool decapsulate_ecn(uint8_t *inner, const uint8_t *outer);

#endif
