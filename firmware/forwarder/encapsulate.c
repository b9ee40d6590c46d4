#include "encapsulate.h"

#include "bytes.h"

#define OUTER_HOP_LIMIT 64
#define MORE_FRAGMENTS 1
#define OPTION_PAD1 0
#define OPTION_ACTION 0xc0

#define ECN 0x03
#define NOT_ECT 0
#define ECT_1 1
#define ECT_0 2
#define CE 3

#define TCP_HEADER_BYTES 20u
#define TCP_CHECKSUM 16
#define TCP_FLAG_SYN 0x02
#define TCP_OPTION_END 0
#define TCP_OPTION_NO_OPERATION 1
#define TCP_OPTION_MSS 2
#define TCP_OPTION_MSS_BYTES 4
#define IPV6_AND_TCP_BYTES 60u

void outer_header(const struct tunnel *tunnel, uint32_t flow_hash, const uint8_t *inner, size_t length,
                  uint8_t outer[IPV6_HEADER_BYTES]) {
  store32(outer, 0x60000000u | traffic_class_of(inner) << 20 | (flow_hash & 0xfffff));
  store16(outer + 4, (uint16_t)length);
  outer[IPV6_NEXT_HEADER] = PROTOCOL_IPV6;
  outer[IPV6_HOP_LIMIT] = OUTER_HOP_LIMIT;
  memcpy(outer + IPV6_SOURCE, tunnel->outer_addresses, 32);
}

void outer_header_resize(uint8_t *outer, size_t length) { store16(outer + 4, (uint16_t)length); }

static void fragment_header(uint8_t *header, const uint8_t *outer, size_t start, size_t length, unsigned more,
                            uint32_t identification) {
  memcpy(header, outer, IPV6_HEADER_BYTES);
  outer_header_resize(header, FRAGMENT_HEADER_BYTES + length);
  header[IPV6_NEXT_HEADER] = PROTOCOL_FRAGMENT;
  uint8_t *fragment = header + IPV6_HEADER_BYTES;
  fragment[0] = PROTOCOL_IPV6;
  fragment[1] = 0;
  store16(fragment + 2, (uint16_t)(start | more));
  store32(fragment + 4, identification);
}

void outer_fragment_headers(const struct tunnel *tunnel, const uint8_t *outer, size_t length, uint32_t identification,
                            struct outer_fragments *fragments) {
  size_t cut = (tunnel->path_mtu - IPV6_HEADER_BYTES - FRAGMENT_HEADER_BYTES) & ~(size_t)7;
  fragments->cut = cut;
  fragment_header(fragments->headers[0], outer, 0, cut, MORE_FRAGMENTS, identification);
  fragment_header(fragments->headers[1], outer, cut, length - cut, 0, identification);
}

static bool only_skippable_options(const uint8_t *options, size_t length) {
  size_t at = 0;
  while (at < length) {
    uint8_t type = options[at];
    if ((type & OPTION_ACTION) != 0) return false;
    if (type == OPTION_PAD1) at++;
    else if (at + 2 > length) return false;
    else at += 2u + options[at + 1];
  }
  return at == length;
}

size_t find_inner(const uint8_t *outer, size_t length, size_t *inner_length) {
  size_t start = IPV6_HEADER_BYTES;
  if (outer[IPV6_NEXT_HEADER] == PROTOCOL_DESTINATION_OPTIONS) {
    const uint8_t *header = outer + IPV6_HEADER_BYTES;
    if (length < IPV6_HEADER_BYTES + 8) return 0;
    size_t bytes = ((size_t)header[1] + 1) * 8;
    if (header[0] != PROTOCOL_IPV6 || start + bytes > length) return 0;
    if (!only_skippable_options(header + 2, bytes - 2)) return 0;
    start += bytes;
  } else if (outer[IPV6_NEXT_HEADER] != PROTOCOL_IPV6) {
    return 0;
  }
  *inner_length = ipv6_whole_length(outer + start, length - start);
  return *inner_length ? start : 0;
}

bool decapsulate_ecn(uint8_t *inner, const uint8_t *outer) {
  unsigned inside = traffic_class_of(inner) & ECN, outside = traffic_class_of(outer) & ECN;
  if (outside == CE && inside == NOT_ECT) return false;
  if (outside == CE || (inside == ECT_0 && outside == ECT_1))
    inner[1] = (uint8_t)((inner[1] & ~(ECN << 4)) | outside << 4);
  return true;
}

/* Where the value of the MSS option stands, or 0. */
static size_t find_mss(const uint8_t *packet, size_t at, size_t end) {
  while (at < end) {
    uint8_t kind = packet[at];
    if (kind == TCP_OPTION_END) return 0;
    if (kind == TCP_OPTION_NO_OPERATION) {
      at++;
      continue;
    }
    size_t length = at + 2 <= end ? packet[at + 1] : 0;
    if (length < 2 || at + length > end) return 0;
    if (kind == TCP_OPTION_MSS) return length == TCP_OPTION_MSS_BYTES ? at + 2 : 0;
    at += length;
  }
  return 0;
}

static uint16_t swap16(uint16_t value) { return (uint16_t)(value << 8 | value >> 8); }

/* RFC 1624 §3, equation 3. */
static uint16_t update_checksum(uint16_t checksum, uint16_t before, uint16_t after) {
  uint32_t sum = (uint32_t)(uint16_t)~checksum + (uint16_t)~before + after;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

static void clamp_mss_in_syn(uint8_t *packet, size_t length, size_t mtu, bool pending) {
  struct transport transport = find_transport(packet, length);
  size_t tcp = transport.offset;
  if (transport.protocol != PROTOCOL_TCP || transport.fragment != FRAGMENT_NONE || tcp + TCP_HEADER_BYTES > length)
    return;
  if (!(packet[tcp + 13] & TCP_FLAG_SYN)) return;
  size_t end = tcp + (packet[tcp + 12] >> 4) * 4u;
  size_t at = end <= length ? find_mss(packet, tcp + TCP_HEADER_BYTES, end) : 0;
  uint16_t largest = (uint16_t)(mtu - IPV6_AND_TCP_BYTES);
  if (at == 0 || load16(packet + at) <= largest) return;
  uint16_t before = load16(packet + at);
  store16(packet + at, largest);
  if (pending) return;
  /* An option may start at an odd octet: then its octets stand in the checksum's words the other way round. */
  bool odd = (at - tcp) & 1;
  uint16_t checksum = load16(packet + tcp + TCP_CHECKSUM);
  store16(packet + tcp + TCP_CHECKSUM,
          update_checksum(checksum, odd ? swap16(before) : before, odd ? swap16(largest) : largest));
}

void clamp_tcp_mss(uint8_t *packet, size_t length, size_t mtu, bool pending) {
  uint8_t next = packet[IPV6_NEXT_HEADER];
  /* Most packets are neither a SYN nor have they extension headers. */
  if (next == PROTOCOL_UDP || next == PROTOCOL_ICMPV6) return;
  if (next == PROTOCOL_TCP && (length < IPV6_HEADER_BYTES + TCP_HEADER_BYTES ||
                               !(packet[IPV6_HEADER_BYTES + 13] & TCP_FLAG_SYN)))
    return;
  clamp_mss_in_syn(packet, length, mtu, pending);
}
