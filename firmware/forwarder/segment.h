/* Packets that stand for several (TCP and UDP segmentation offload), cut as a network device would cut them. */
#ifndef MONAMI_FORWARDER_SEGMENT_H
#define MONAMI_FORWARDER_SEGMENT_H

#include <linux/virtio_net.h>

#include "core.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

/* IP header, extension headers or options, and transport header of a packet that we cut. */
#define LARGEST_HEADERS_BYTES 256u

struct segmentation {
  uint8_t protocol;         /* PROTOCOL_TCP or PROTOCOL_UDP */
  size_t transport;         /* where its header starts */
  size_t headers;           /* octets in front of the payload */
  size_t payload, size;     /* octets in all, and in each segment but the last */
  struct burst burst;
};

/* How to cut a packet with this virtio header. False if the two do not fit together. */
bool plan_segments(const uint8_t *packet, size_t length, const struct virtio_net_hdr *offload,
                   struct segmentation *plan);

/* Segment `number`: its headers, checksum included, go to `headers` (plan->headers octets). */
struct segment cut_segment(const uint8_t *packet, const struct segmentation *plan, size_t number, uint8_t *headers);

#endif
