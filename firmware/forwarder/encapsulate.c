#include "encapsulate.h"

#include "bytes.h"
#include "checksum.h"
#include "ipv4.h"

#define OUTER_HOP_LIMIT 64
#define MORE_FRAGMENTS 1
#define UDP_LENGTH_AT (IPV4_HEADER_BYTES + 4)

#define TCP_HEADER_BYTES 20u
#define TCP_CHECKSUM 16
#define TCP_FLAG_SYN 0x02
#define TCP_OPTION_END 0
#define TCP_OPTION_NO_OPERATION 1
#define TCP_OPTION_MSS 2
#define TCP_OPTION_MSS_BYTES 4

static uint8_t protocol_of(const uint8_t *inner) { return is_ipv4(inner) ? PROTOCOL_IPV4 : PROTOCOL_IPV6; }

static void ipv4_outer_header(const struct tunnel *tunnel, const uint8_t *inner, size_t length, uint8_t *outer) {
  outer[0] = 0x45;
  outer[1] = (uint8_t)traffic_class_of(inner);
  /* What is not fragmented needs no identification (RFC 6864 §4.1). */
  store32(outer + 4, IPV4_DONT_FRAGMENT);
  outer[IPV4_TTL] = OUTER_HOP_LIMIT;
  outer[IPV4_PROTOCOL] = tunnel->encapsulation == ENCAPSULATION_UDP ? PROTOCOL_UDP : protocol_of(inner);
  memcpy(outer + IPV4_SOURCE, tunnel->outer_addresses + 12, 4);
  memcpy(outer + IPV4_DESTINATION, tunnel->outer_addresses + 28, 4);
  if (tunnel->encapsulation == ENCAPSULATION_UDP) {
    store16(outer + IPV4_HEADER_BYTES, tunnel->source_port);
    store16(outer + IPV4_HEADER_BYTES + 2, tunnel->destination_port);
    store16(outer + IPV4_HEADER_BYTES + 6, 0);
  }
  outer_header_resize(tunnel, outer, length);
}

void outer_header(const struct tunnel *tunnel, uint32_t flow_hash, const uint8_t *inner, size_t length,
                  uint8_t *outer) {
  if (tunnel->encapsulation != ENCAPSULATION_IPV6) {
    ipv4_outer_header(tunnel, inner, length, outer);
    return;
  }
  store32(outer, 0x60000000u | traffic_class_of(inner) << 20 | (flow_hash & 0xfffff));
  store16(outer + 4, (uint16_t)length);
  outer[IPV6_NEXT_HEADER] = protocol_of(inner);
  outer[IPV6_HOP_LIMIT] = OUTER_HOP_LIMIT;
  memcpy(outer + IPV6_SOURCE, tunnel->outer_addresses, 32);
}

void outer_header_resize(const struct tunnel *tunnel, uint8_t *outer, size_t length) {
  if (tunnel->encapsulation == ENCAPSULATION_IPV6) {
    store16(outer + 4, (uint16_t)length);
    return;
  }
  if (tunnel->encapsulation == ENCAPSULATION_UDP) store16(outer + UDP_LENGTH_AT, (uint16_t)(UDP_HEADER_BYTES + length));
  store16(outer + 2, (uint16_t)(tunnel->overhead + length));
  ipv4_set_checksum(outer);
}

/* `start`, `length`: of the piece of the outer packet's payload. Returns the length of the header. */
static size_t ipv6_fragment_header(uint8_t *header, const uint8_t *outer, size_t start, size_t length, bool last,
                                   uint32_t identification) {
  memcpy(header, outer, IPV6_HEADER_BYTES);
  store16(header + 4, (uint16_t)(FRAGMENT_HEADER_BYTES + length));
  header[IPV6_NEXT_HEADER] = PROTOCOL_FRAGMENT;
  uint8_t *fragment = header + IPV6_HEADER_BYTES;
  fragment[0] = outer[IPV6_NEXT_HEADER];
  fragment[1] = 0;
  store16(fragment + 2, (uint16_t)(start | (last ? 0 : MORE_FRAGMENTS)));
  store32(fragment + 4, identification);
  return IPV6_HEADER_BYTES + FRAGMENT_HEADER_BYTES;
}

static size_t ipv4_fragment_header(uint8_t *header, const uint8_t *outer, size_t start, size_t length, bool last,
                                   uint32_t identification) {
  memcpy(header, outer, IPV4_HEADER_BYTES);
  store16(header + 2, (uint16_t)(IPV4_HEADER_BYTES + length));
  /* Never 0: for the kernel that means that there is none yet. */
  store16(header + 4, (uint16_t)(identification % 0xffff + 1));
  store16(header + IPV4_FRAGMENT_FIELD, (uint16_t)(start / 8 | (last ? 0 : IPV4_MORE_FRAGMENTS)));
  ipv4_set_checksum(header);
  return IPV4_HEADER_BYTES;
}

void outer_fragment(const struct tunnel *tunnel, const uint8_t *outer, size_t length, uint32_t identification,
                    struct outer_fragments *fragments) {
  bool ipv6 = tunnel->encapsulation == ENCAPSULATION_IPV6;
  size_t udp = tunnel->encapsulation == ENCAPSULATION_UDP ? UDP_HEADER_BYTES : 0;
  size_t headers = ipv6 ? IPV6_HEADER_BYTES + FRAGMENT_HEADER_BYTES : IPV4_HEADER_BYTES;
  size_t step = (tunnel->path_mtu - headers) & ~(size_t)7, whole = udp + length, start = 0;
  fragments->count = 0;
  fragments->octets = whole;
  for (unsigned i = 0; i < OUTER_FRAGMENTS && start < whole; i++, start += step) {
    bool last = whole - start <= step;
    size_t piece = last ? whole - start : step;
    uint8_t *header = fragments->pieces[i].header;
    size_t bytes = ipv6 ? ipv6_fragment_header(header, outer, start, piece, last, identification)
                        : ipv4_fragment_header(header, outer, start, piece, last, identification);
    fragments->octets += bytes;
    /* The UDP header is part of what is cut, and stands in front of the first piece. */
    size_t in_front = i == 0 ? udp : 0;
    memcpy(header + bytes, outer + IPV4_HEADER_BYTES, in_front);
    fragments->pieces[i].header_bytes = bytes + in_front;
    fragments->pieces[i].start = i == 0 ? 0 : start - udp;
    fragments->pieces[i].length = piece - in_front;
    fragments->count++;
  }
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

static void clamp_mss_in_syn(uint8_t *packet, size_t length, size_t mtu, bool pending) {
  struct transport transport = find_transport(packet, length);
  size_t tcp = transport.offset;
  if (transport.protocol != PROTOCOL_TCP || transport.fragment != FRAGMENT_NONE || tcp + TCP_HEADER_BYTES > length)
    return;
  if (!(packet[tcp + 13] & TCP_FLAG_SYN)) return;
  size_t end = tcp + (packet[tcp + 12] >> 4) * 4u;
  size_t at = end <= length ? find_mss(packet, tcp + TCP_HEADER_BYTES, end) : 0;
  size_t headers = (is_ipv4(packet) ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES) + TCP_HEADER_BYTES;
  uint16_t largest = (uint16_t)(mtu - headers);
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
  uint8_t next = packet[is_ipv4(packet) ? IPV4_PROTOCOL : IPV6_NEXT_HEADER];
  /* Most packets are neither a SYN nor have they extension headers. */
  if (next == PROTOCOL_UDP || next == PROTOCOL_ICMPV6) return;
  if (next == PROTOCOL_TCP) {
    size_t tcp = ip_header_bytes(packet);
    if (length < tcp + TCP_HEADER_BYTES || !(packet[tcp + 13] & TCP_FLAG_SYN)) return;
  }
  clamp_mss_in_syn(packet, length, mtu, pending);
}
