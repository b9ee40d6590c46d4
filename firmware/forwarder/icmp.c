#include "icmp.h"

#include "bytes.h"
#include "checksum.h"
#include "ipv4.h"

#define ERROR_COST_MS 10u
#define BURST_MS 500u
#define FIRST_INFORMATIONAL_TYPE 128
#define REDIRECT 137
#define HOP_LIMIT 64
#define ICMP_HEADER_BYTES 8u

#define ICMPV4_DESTINATION_UNREACHABLE 3
#define ICMPV4_FRAGMENTATION_NEEDED 4
#define ICMPV4_TIME_EXCEEDED 11
/* Types 0, 8 to 10, 13 to 18, 42, 43: queries and their answers. */
#define ICMPV4_QUERIES (UINT64_C(1) | UINT64_C(7) << 8 | UINT64_C(63) << 13 | UINT64_C(3) << 42)
#define ICMPV4_TYPE_OF_SERVICE 0xc0

void icmp_rate_limit_start(struct icmp_rate_limit *limit) { *limit = (struct icmp_rate_limit){.credit_ms = BURST_MS}; }

bool icmp_rate_limit_take(struct icmp_rate_limit *limit, uint64_t now_ms) {
  if (now_ms > limit->last_ms) {
    uint64_t elapsed = now_ms - limit->last_ms;
    limit->credit_ms = elapsed >= BURST_MS - limit->credit_ms ? BURST_MS : limit->credit_ms + elapsed;
    limit->last_ms = now_ms;
  }
  if (limit->credit_ms < ERROR_COST_MS) return false;
  limit->credit_ms -= ERROR_COST_MS;
  return true;
}

static bool icmpv4_may_answer(const uint8_t *packet, size_t length) {
  struct transport transport = find_transport(packet, length);
  if (is_ipv4_multicast(packet + IPV4_DESTINATION) || transport.fragment == FRAGMENT_LATER) return false;
  if (transport.protocol != PROTOCOL_ICMP) return true;
  return transport.offset < length && packet[transport.offset] < 64 && ICMPV4_QUERIES >> packet[transport.offset] & 1;
}

bool icmp_may_answer(const struct table *table, enum icmp_error error, const uint8_t *packet, size_t length) {
  if (is_ipv4(packet)) return table->has_icmpv4_source && icmpv4_may_answer(packet, length);
  if (is_multicast(packet + IPV6_DESTINATION) && error != ICMP_PACKET_TOO_BIG) return false;
  struct transport transport = find_transport(packet, length);
  if (transport.fragment == FRAGMENT_LATER) return false;
  if (transport.protocol != PROTOCOL_ICMPV6) return true;
  uint8_t type = transport.offset < length ? packet[transport.offset] : 0;
  return type >= FIRST_INFORMATIONAL_TYPE && type != REDIRECT;
}

/* RFC 792, RFC 1191 §4; 576 octets at most (RFC 1812 §4.3.2.3). */
static size_t icmpv4_build(const struct table *table, enum icmp_error error, uint32_t mtu, const uint8_t *packet,
                           size_t length, uint8_t *reply) {
  size_t room = IPV4_MINIMUM_MTU_BYTES - IPV4_HEADER_BYTES - ICMP_HEADER_BYTES;
  size_t quoted = length < room ? length : room;
  size_t message_bytes = ICMP_HEADER_BYTES + quoted;
  bool too_big = error == ICMP_PACKET_TOO_BIG;
  reply[0] = 0x45;
  reply[1] = ICMPV4_TYPE_OF_SERVICE;
  store16(reply + 2, (uint16_t)(IPV4_HEADER_BYTES + message_bytes));
  store32(reply + 4, IPV4_DONT_FRAGMENT);
  reply[IPV4_TTL] = HOP_LIMIT;
  reply[IPV4_PROTOCOL] = PROTOCOL_ICMP;
  memcpy(reply + IPV4_SOURCE, table->icmpv4_source, 4);
  memcpy(reply + IPV4_DESTINATION, packet + IPV4_SOURCE, 4);
  ipv4_set_checksum(reply);

  uint8_t *message = reply + IPV4_HEADER_BYTES;
  message[0] = too_big ? ICMPV4_DESTINATION_UNREACHABLE : ICMPV4_TIME_EXCEEDED;
  message[1] = too_big ? ICMPV4_FRAGMENTATION_NEEDED : 0;
  store16(message + 2, 0);
  store32(message + 4, too_big ? mtu : 0);
  memcpy(message + ICMP_HEADER_BYTES, packet, quoted);
  put_checksum(message + 2, fold_sum(sum_words(message, message_bytes, 0)));
  return IPV4_HEADER_BYTES + message_bytes;
}

size_t icmp_build(const struct table *table, enum icmp_error error, uint32_t mtu, const uint8_t *packet, size_t length,
                  uint8_t *reply) {
  if (is_ipv4(packet)) return icmpv4_build(table, error, mtu, packet, length, reply);
  size_t room = IPV6_MINIMUM_MTU_BYTES - IPV6_HEADER_BYTES - ICMP_HEADER_BYTES;
  size_t quoted = length < room ? length : room;
  size_t message_bytes = ICMP_HEADER_BYTES + quoted;
  store32(reply, 0x60000000);
  store16(reply + 4, (uint16_t)message_bytes);
  reply[IPV6_NEXT_HEADER] = PROTOCOL_ICMPV6;
  reply[IPV6_HOP_LIMIT] = HOP_LIMIT;
  memcpy(reply + IPV6_SOURCE, table->icmp_source, 16);
  memcpy(reply + IPV6_DESTINATION, packet + IPV6_SOURCE, 16);

  uint8_t *message = reply + IPV6_HEADER_BYTES;
  message[0] = (uint8_t)error;
  message[1] = 0;
  store16(message + 2, 0);
  store32(message + 4, error == ICMP_PACKET_TOO_BIG ? mtu : 0);
  memcpy(message + ICMP_HEADER_BYTES, packet, quoted);
  uint64_t sum = sum_pseudo_header(reply, (uint32_t)message_bytes, PROTOCOL_ICMPV6);
  put_checksum(message + 2, fold_sum(sum_words(message, message_bytes, sum)));
  return IPV6_HEADER_BYTES + message_bytes;
}
