/*
 * Joins consecutive packets of a TCP or UDP flow within one batch into one packet with a segmentation offload, so that
 * the kernel handles them once. Cutting it again gives the same packets; the order within a flow is kept.
 */
#ifndef MONAMI_FORWARDER_COALESCE_H
#define MONAMI_FORWARDER_COALESCE_H

#include <sys/uio.h>

#include "segment.h"

#define BATCH_PACKETS 64u
#define FLOW_SLOTS 64u

/* One packet for the TUN: a lone one, or several joined. */
struct joined {
  struct virtio_net_hdr offload;
  uint8_t *packet;
  size_t length;        /* of the first packet alone */
  size_t total;         /* with the payloads behind it */
  size_t transport;     /* octets of the IP header */
  size_t headers;       /* 0: takes no other packet */
  size_t segment_bytes;
  uint32_t next_sequence;
  uint16_t count;
  uint16_t last_part;   /* place + 1 in `parts` */
  uint16_t first_part;
  bool verified;        /* the checksum of the first packet was right */
};

struct coalescer {
  bool udp; /* the TUN takes UDP segmentation offload */
  uint16_t joined_count, part_count;
  uint16_t latest[FLOW_SLOTS]; /* place + 1 of the newest packet of a flow with this hash */
  struct joined joined[BATCH_PACKETS];
  struct {
    struct iovec payload;
    uint16_t next;
  } parts[BATCH_PACKETS];
};

void coalescer_start(struct coalescer *coalescer, bool udp);

/* Adds a plain packet; at most BATCH_PACKETS between two starts. It must stay where it is until it is written. */
void coalescer_add(struct coalescer *coalescer, uint8_t *packet, size_t length);

/* Adds a packet that has an offload already: it is passed on as it is. */
void coalescer_add_offloaded(struct coalescer *coalescer, uint8_t *packet, size_t length,
                             const struct virtio_net_hdr *offload);

/* Finishes a packet; fills `vectors` (BATCH_PACKETS + 1) with virtio header and packet, returns how many. */
size_t joined_finish(struct coalescer *coalescer, struct joined *joined, struct iovec *vectors);

#endif
