/*
 * What becomes of one packet: no input or output, no clock. The same as src/forwarding/reference.ts, packet for
 * packet, but for packets that stand for several because of an offload.
 */
#ifndef MONAMI_FORWARDER_CORE_H
#define MONAMI_FORWARDER_CORE_H

#include "decapsulate.h"
#include "encapsulate.h"
#include "flow.h"
#include "icmp.h"
#include "ipv4.h"
#include "reassemble.h"

/* In the order of FORWARDER_COUNTERS in src/forwarding/statistics.ts. */
enum counter {
  COUNTER_OUTBOUND_PACKETS,
  COUNTER_INBOUND_PACKETS,
  COUNTER_MALFORMED,
  COUNTER_NO_ROUTE,
  COUNTER_NO_TUNNEL,
  COUNTER_HOP_LIMIT_EXCEEDED,
  COUNTER_PACKET_TOO_BIG,
  COUNTER_UNKNOWN_TUNNEL,
  COUNTER_WRONG_INNER_ADDRESS,
  COUNTER_ICMP_SUPPRESSED,
  COUNTER_SEND_ERRORS,
  COUNTER_DELIVER_ERRORS,
  COUNTER_FLOWS,
  COUNTERS,
};

/* In the order of TUNNEL_COUNTERS: id, sent packets and octets, received packets and octets, time last received. */
#define TUNNEL_COUNTERS 6u

struct core {
  struct table *table; /* NULL: forwards nothing */
  struct flow_cache flows;
  struct icmp_rate_limit icmp_rate_limit;
  struct reassembly reassembly;
  uint32_t next_identification;
  uint64_t counters[COUNTERS];
  size_t reply_length;
  uint8_t reply[IPV6_MINIMUM_MTU_BYTES];
};

bool core_create(struct core *core, uint32_t flow_capacity, uint32_t first_identification);
void core_destroy(struct core *core);

/* Makes `table` the one in force (its owner is the core now) and returns the one before, which may be freed. */
struct table *core_adopt(struct core *core, struct table *table);

/* Copies the counters into `values`; returns how many there are. */
size_t core_statistics(struct core *core, uint64_t now_ms, double *values, size_t capacity);

/* The packets that one packet with an offload stands for. */
struct burst {
  size_t count;   /* 1 for a plain packet */
  size_t largest; /* length of the longest of them */
  size_t octets;  /* of all of them together */
};

enum verdict {
  VERDICT_DROP,
  VERDICT_SEND,
  VERDICT_SEND_FRAGMENTS,
  VERDICT_DELIVER,
  VERDICT_REPLY,
  /* Each packet of the burst must be fragmented: offer them one by one. */
  VERDICT_SPLIT,
  /* An inner IPv4 packet, each of whose fragments goes into an outer packet of its own. */
  VERDICT_SEND_INNER_FRAGMENTS,
  /* Signalling that a socket of the protocol's own has received, too. */
  VERDICT_IGNORE,
  /* A fragment of an outer packet, until the others come. */
  VERDICT_HOLD,
};

struct outbound {
  enum verdict verdict;
  enum counter reason; /* of a drop */
  struct tunnel *tunnel;
  uint8_t *outer; /* the outer headers, right in front of the packet: room for 40 octets */
  size_t length;  /* of the inner packet, without what follows it */
  struct outer_fragments fragments;
  struct ipv4_fragmentation inner_fragments;
};

/*
 * Takes a packet from the TUN, changes it in place and writes its outer headers in front of it, where there must be
 * room. After VERDICT_REPLY the error is in `core->reply`. `burst` NULL: a plain packet.
 */
void core_outbound(struct core *core, uint8_t *packet, size_t length, const struct burst *burst, uint64_t now_ms,
                   struct outbound *result);

struct inbound {
  enum verdict verdict;
  enum counter reason;
  struct tunnel *tunnel;
  bool reassembled; /* the packet is the core's own, good until the next call */
  uint8_t *inner;
  size_t length;
};

/*
 * Takes an encapsulated packet, changes what is inside in place. `packets`: how many it stands for. `pending`: the
 * checksum of the inner packet is still to be completed.
 */
void core_inbound(struct core *core, uint8_t *outer, size_t length, size_t packets, bool pending, uint64_t now_ms,
                  struct inbound *result);

#endif
