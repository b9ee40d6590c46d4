/* Receives encapsulated packets: a packet socket per interface and family, in batches. */
#ifndef MONAMI_FORWARDER_INGRESS_H
#define MONAMI_FORWARDER_INGRESS_H

#include <linux/virtio_net.h>
#include <sys/socket.h>

#include "coalesce.h"
#include "table.h"

struct ingress {
  struct ingress *next;
  uint32_t interface_index;
  bool ipv4;
  bool in_new, in_current; /* whether the new and the current table need it */
  bool watched;
  int socket;
  size_t link_header; /* octets in front of the IP header */
};

/* NULL with errno set on failure; ENODEV or ENXIO if there is no such interface. */
struct ingress *ingress_open(uint32_t interface_index, bool ipv4);
void ingress_close(struct ingress *ingress);

/* Room for one batch; what is never used is never touched. */
struct receive_batch {
  uint8_t *memory;
  struct mmsghdr messages[BATCH_PACKETS];
  struct iovec vectors[BATCH_PACKETS];
};

bool receive_batch_create(struct receive_batch *batch);
void receive_batch_destroy(struct receive_batch *batch);

struct frame {
  struct virtio_net_hdr offload; /* offsets count from `packet` */
  uint8_t *packet;               /* from the IP header on */
  size_t length;
};

/* Receives what is there; how many packets, 0 for none. */
unsigned ingress_receive(struct ingress *ingress, struct receive_batch *batch);

/* Packet `place` of the batch; false if it is cut off. */
bool receive_batch_frame(const struct receive_batch *batch, const struct ingress *ingress, unsigned place,
                         struct frame *frame);

#endif
