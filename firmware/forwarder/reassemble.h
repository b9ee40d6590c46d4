/* Puts fragmented outer packets together, within bounds; the same as src/forwarding/reassembly.ts. */
#ifndef MONAMI_FORWARDER_REASSEMBLE_H
#define MONAMI_FORWARDER_REASSEMBLE_H

#include "packet.h"

#define REASSEMBLY_PACKETS 64u
#define REASSEMBLY_MS 1000u
#define REASSEMBLY_BYTES 2048u
#define REASSEMBLY_HEADER_BYTES 60u

struct waiting {
  bool used;
  uint8_t key[40]; /* source and destination, identification, protocol, family: zero where there is nothing */
  uint64_t pair;   /* a hash of the addresses */
  uint64_t since_ms, age;
  uint64_t present[REASSEMBLY_BYTES / 8 / 64]; /* by units of 8 octets */
  unsigned units;
  uint8_t ecn;                      /* a bit for each value that was seen */
  size_t header_bytes;              /* 0: not there yet */
  size_t bytes;                     /* of the payload; 0: not known yet */
  uint8_t header[REASSEMBLY_HEADER_BYTES];
  uint8_t octets[REASSEMBLY_BYTES];
};

struct reassembly {
  uint64_t next_age;
  struct waiting *waiting;
  uint8_t whole[REASSEMBLY_HEADER_BYTES + REASSEMBLY_BYTES]; /* the packet that was completed last */
};

bool reassembly_create(struct reassembly *reassembly);
void reassembly_destroy(struct reassembly *reassembly);

/* Whether a whole outer packet is a fragment. */
bool is_fragment(const uint8_t *outer);

enum reassembled { REASSEMBLED_NOTHING, REASSEMBLED_HELD, REASSEMBLED_WHOLE };

/* Takes a fragment; after REASSEMBLED_WHOLE the packet is in `whole` until the next call. */
enum reassembled reassembly_add(struct reassembly *reassembly, const uint8_t *outer, size_t length, uint64_t now_ms,
                                size_t *whole_bytes);

#endif
