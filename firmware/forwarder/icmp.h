/* ICMP errors to inner senders; the same as src/forwarding/icmp-error.ts. */
#ifndef MONAMI_FORWARDER_ICMP_H
#define MONAMI_FORWARDER_ICMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"
#include "table.h"

/* The types of ICMPv6; ICMPv4 has its own. */
enum icmp_error { ICMP_PACKET_TOO_BIG = 2, ICMP_TIME_EXCEEDED = 3 };

struct icmp_rate_limit {
  uint64_t credit_ms, last_ms;
};

void icmp_rate_limit_start(struct icmp_rate_limit *limit);
/* 100 errors per second, 50 at once (RFC 4443 §2.4 (f)). */
bool icmp_rate_limit_take(struct icmp_rate_limit *limit, uint64_t now_ms);

/* RFC 4443 §2.4 (e), RFC 1812 §4.3.2.7; and whether the table has a source for such an error. */
bool icmp_may_answer(const struct table *table, enum icmp_error error, const uint8_t *packet, size_t length);

/* Writes the error about a packet to `reply` (1280 octets) and returns its length; `mtu` for Packet Too Big. */
size_t icmp_build(const struct table *table, enum icmp_error error, uint32_t mtu, const uint8_t *packet, size_t length,
                  uint8_t *reply);

#endif
