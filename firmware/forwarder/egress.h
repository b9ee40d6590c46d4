/* Sends outer packets: a raw socket per family, source address and interface, many packets per system call. */
#ifndef MONAMI_FORWARDER_EGRESS_H
#define MONAMI_FORWARDER_EGRESS_H

#include <sys/socket.h>

#include "segment.h"

#define EGRESS_PACKETS 128u
#define EGRESS_HEADERS_BYTES (LARGEST_OUTER_BYTES + FRAGMENT_HEADER_BYTES + LARGEST_HEADERS_BYTES)

struct egress {
  struct egress *next;
  bool ipv4;
  uint8_t source[16]; /* IPv4-mapped, if it is an IPv4 one */
  uint32_t interface_index;
  bool in_new, in_current; /* whether the new and the current table need it */
  int socket;
  unsigned queued;
  struct mmsghdr messages[EGRESS_PACKETS];
  struct iovec vectors[EGRESS_PACKETS][2];
  uint8_t headers[EGRESS_PACKETS][EGRESS_HEADERS_BYTES];
};

/* NULL with errno set on failure. An interface or address that is not there (yet) is no failure. */
struct egress *egress_open(const uint8_t *source, bool ipv4, uint32_t interface_index);
void egress_close(struct egress *egress);

static inline bool egress_is_full(const struct egress *egress) { return egress->queued == EGRESS_PACKETS; }

/* Queues a packet that lies in memory as a whole. The queue must not be full; the memory stays until the flush. */
void egress_add(struct egress *egress, struct tunnel *tunnel, uint8_t *packet, size_t length);

/* Room for the headers of the next packet, and queueing it with its payload. */
static inline uint8_t *egress_headers(struct egress *egress) { return egress->headers[egress->queued]; }
void egress_add_with_headers(struct egress *egress, struct tunnel *tunnel, size_t headers, const uint8_t *payload,
                             size_t length);

/* Sends everything queued; never waits. Returns how many packets the kernel did not take. */
unsigned egress_flush(struct egress *egress);

#endif
