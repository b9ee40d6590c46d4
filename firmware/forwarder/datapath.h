/* Moves packets between the TUN and the network: reads, asks the core what becomes of them, writes, in batches. */
#ifndef MONAMI_FORWARDER_DATAPATH_H
#define MONAMI_FORWARDER_DATAPATH_H

#include "coalesce.h"
#include "egress.h"
#include "ingress.h"
#include "tun.h"

/* Where packets from the TUN lie until they are sent: many small ones or a few of the largest. */
#define ARENA_BYTES (320u * 1024)
/* In front of each packet: room for the outer headers, the end of which is the virtio header at first. */
#define HEADROOM_BYTES 48u

struct datapath {
  struct core core;
  struct tun tun;
  uint8_t *arena;
  size_t arena_used;
  uint8_t *spare; /* room for one packet that is cut out of another; never touched while there is none */
  struct receive_batch batch;
  struct coalescer coalescer;
};

/* False with errno set on failure. */
bool datapath_create(struct datapath *datapath, int tun_descriptor);
void datapath_destroy(struct datapath *datapath);

/*
 * Both take what is there, up to a batch; the rest is left for the next call. `datapath_outbound` is false when the TUN
 * device is gone for good.
 */
bool datapath_outbound(struct datapath *datapath, uint64_t now_ms);
void datapath_inbound(struct datapath *datapath, struct ingress *ingress, uint64_t now_ms);

#endif
