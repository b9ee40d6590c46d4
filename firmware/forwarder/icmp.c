#include "icmp.h"

#include "bytes.h"
#include "checksum.h"

#define ERROR_COST_MS 10u
#define BURST_MS 500u
#define FIRST_INFORMATIONAL_TYPE 128
#define REDIRECT 137
#define HOP_LIMIT 64
#define ICMP_HEADER_BYTES 8u

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

bool icmp_may_answer(enum icmp_error error, const uint8_t *packet, size_t length) {
  if (is_multicast(packet + IPV6_DESTINATION) && error != ICMP_PACKET_TOO_BIG) return false;
  struct transport transport = find_transport(packet, length);
  if (transport.fragment == FRAGMENT_LATER) return false;
  if (transport.protocol != PROTOCOL_ICMPV6) return true;
  uint8_t type = transport.offset < length ? packet[transport.offset] : 0;
  return type >= FIRST_INFORMATIONAL_TYPE && type != REDIRECT;
}

size_t icmp_build(enum icmp_error error, uint32_t mtu, const uint8_t *packet, size_t length, const uint8_t *source,
                  uint8_t *reply) {
  size_t room = IPV6_MINIMUM_MTU_BYTES - IPV6_HEADER_BYTES - ICMP_HEADER_BYTES;
  size_t quoted = length < room ? length : room;
  size_t message_bytes = ICMP_HEADER_BYTES + quoted;
  store32(reply, 0x60000000);
  store16(reply + 4, (uint16_t)message_bytes);
  reply[IPV6_NEXT_HEADER] = PROTOCOL_ICMPV6;
  reply[IPV6_HOP_LIMIT] = HOP_LIMIT;
  memcpy(reply + IPV6_SOURCE, source, 16);
  memcpy(reply + IPV6_DESTINATION, packet + IPV6_SOURCE, 16);

  uint8_t *message = reply + IPV6_HEADER_BYTES;
  message[0] = (uint8_t)error;
  message[1] = 0;
  store16(message + 2, 0);
  store32(message + 4, error == ICMP_PACKET_TOO_BIG ? mtu : 0);
  memcpy(message + ICMP_HEADER_BYTES, packet, quoted);
  uint64_t sum = sum_pseudo_header(reply + IPV6_SOURCE, (uint32_t)message_bytes, PROTOCOL_ICMPV6);
  put_checksum(message + 2, fold_sum(sum_words(message, message_bytes, sum)));
  return IPV6_HEADER_BYTES + message_bytes;
}
