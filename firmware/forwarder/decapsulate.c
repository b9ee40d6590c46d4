#include "decapsulate.h"

#include "bytes.h"
#include "checksum.h"
#include "ipv4.h"

#define OPTION_PAD1 0
#define OPTION_ACTION 0xc0

#define ECN 0x03
#define NOT_ECT 0
#define ECT_1 1
#define ECT_0 2
#define CE 3

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

/* The length of the packet that the protocol in front of it says is there; 0 if there is none. */
static size_t inner_length(uint8_t protocol, const uint8_t *inner, size_t length) {
  if (protocol == PROTOCOL_IPV6) return ipv6_whole_length(inner, length);
  return protocol == PROTOCOL_IPV4 ? ipv4_whole_length(inner, length) : 0;
}

static bool decapsulate_ipv6(const uint8_t *outer, size_t length, struct carried *carried) {
  uint8_t protocol = outer[IPV6_NEXT_HEADER];
  size_t start = IPV6_HEADER_BYTES;
  if (protocol == PROTOCOL_DESTINATION_OPTIONS) {
    const uint8_t *header = outer + IPV6_HEADER_BYTES;
    if (length < IPV6_HEADER_BYTES + 8) return false;
    size_t bytes = ((size_t)header[1] + 1) * 8;
    if (start + bytes > length || !only_skippable_options(header + 2, bytes - 2)) return false;
    protocol = header[0];
    start += bytes;
  }
  carried->start = start;
  carried->length = inner_length(protocol, outer + start, length - start);
  carried->ends.selector = tunnel_selector(ENCAPSULATION_IPV6, 0, 0);
  return carried->length != 0;
}

static bool decapsulate_udp(const uint8_t *outer, const uint8_t *udp, size_t length, bool pending,
                            struct carried *carried) {
  if (length < UDP_HEADER_BYTES) return false;
  size_t datagram = load16(udp + 4);
  if (datagram < UDP_HEADER_BYTES || datagram > length) return false;
  size_t start = (size_t)(udp - outer);
  if (load16(udp + 6) != 0 && !pending &&
      !upper_layer_checksum_is_right(outer, start + datagram, start, PROTOCOL_UDP))
    return false;
  carried->start = start + UDP_HEADER_BYTES;
  carried->length = whole_length(udp + UDP_HEADER_BYTES, datagram - UDP_HEADER_BYTES);
  carried->ends.selector = tunnel_selector(ENCAPSULATION_UDP, load16(udp + 2), load16(udp));
  return carried->length != 0;
}

void outer_addresses(const uint8_t *outer, uint8_t addresses[32]) {
  if (is_ipv4(outer)) {
    map_address(addresses, outer + IPV4_DESTINATION);
    map_address(addresses + 16, outer + IPV4_SOURCE);
  } else {
    memcpy(addresses, outer + IPV6_DESTINATION, 16);
    memcpy(addresses + 16, outer + IPV6_SOURCE, 16);
  }
}

bool decapsulate(const uint8_t *outer, size_t length, bool pending, struct carried *carried) {
  outer_addresses(outer, carried->ends.addresses);
  if (!is_ipv4(outer)) return decapsulate_ipv6(outer, length, carried);
  struct transport transport = find_transport(outer, length);
  if (transport.fragment != FRAGMENT_NONE) return false;
  const uint8_t *payload = outer + transport.offset;
  size_t rest = length - transport.offset;
  if (transport.protocol == PROTOCOL_UDP) return decapsulate_udp(outer, payload, rest, pending, carried);
  carried->start = transport.offset;
  carried->length = inner_length(transport.protocol, payload, rest);
  carried->ends.selector = tunnel_selector(ENCAPSULATION_IPV4, 0, 0);
  return carried->length != 0;
}

static void set_ecn(uint8_t *packet, unsigned ecn) {
  if (is_ipv4(packet)) ipv4_set_header_word(packet, 0, (uint16_t)((load16(packet) & ~ECN) | ecn));
  else packet[1] = (uint8_t)((packet[1] & ~(ECN << 4)) | ecn << 4);
}

bool decapsulate_ecn(uint8_t *inner, const uint8_t *outer) {
  unsigned inside = traffic_class_of(inner) & ECN, outside = traffic_class_of(outer) & ECN;
  if (outside == CE && inside == NOT_ECT) return false;
  if (outside == CE || (inside == ECT_0 && outside == ECT_1)) set_ecn(inner, outside);
  return true;
}
