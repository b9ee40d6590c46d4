#include "packet.h"

#include "bytes.h"
#include "ipv4.h"

#define MAXIMUM_EXTENSION_HEADERS 8
#define GLOBAL_SCOPE 14

#define KEY_DISCRIMINATOR 32
#define KEY_PROTOCOL 36
#define KEY_KIND 37
#define KEY_FAMILY 38
#define KIND_FLOW_LABEL 0
#define KIND_PORTS 1
#define FAMILY_IPV4 4

#define ECHO_REQUEST 128
#define ECHO_REPLY 129
#define ICMPV4_ECHO_REPLY 0
#define ICMPV4_ECHO_REQUEST 8

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

size_t ipv6_whole_length(const uint8_t *bytes, size_t length) {
  if (length < IPV6_HEADER_BYTES || bytes[0] >> 4 != 6) return 0;
  size_t whole = IPV6_HEADER_BYTES + load16(bytes + 4);
  return whole <= length ? whole : 0;
}

size_t whole_length(const uint8_t *bytes, size_t length) {
  size_t whole = ipv6_whole_length(bytes, length);
  return whole ? whole : ipv4_whole_length(bytes, length);
}

static bool is_extension(uint8_t protocol) {
  return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING || protocol == PROTOCOL_DESTINATION_OPTIONS;
}

static struct transport find_ipv4_transport(const uint8_t *packet) {
  unsigned field = load16(packet + IPV4_FRAGMENT_FIELD);
  enum fragment fragment = FRAGMENT_NONE;
  if (field & IPV4_FRAGMENT_OFFSET) fragment = FRAGMENT_LATER;
  else if (field & IPV4_MORE_FRAGMENTS) fragment = FRAGMENT_FIRST;
  return (struct transport){ipv4_header_bytes(packet), packet[IPV4_PROTOCOL], fragment};
}

struct transport find_transport(const uint8_t *packet, size_t length) {
  if (is_ipv4(packet)) return find_ipv4_transport(packet);
  uint8_t protocol = packet[IPV6_NEXT_HEADER];
  size_t offset = IPV6_HEADER_BYTES;
  for (int headers = 0;; headers++) {
    bool extension = is_extension(protocol);
    if (!extension && protocol != PROTOCOL_FRAGMENT) return (struct transport){offset, protocol, FRAGMENT_NONE};
    size_t bytes = FRAGMENT_HEADER_BYTES;
    if (extension && offset + 2 <= length) bytes = ((size_t)packet[offset + 1] + 1) * 8;
    if (headers == MAXIMUM_EXTENSION_HEADERS || offset + bytes > length)
      return (struct transport){length, protocol, FRAGMENT_NONE};
    uint8_t next = packet[offset];
    if (!extension) {
      bool later = load16(packet + offset + 2) >> 3 != 0;
      return (struct transport){offset + bytes, next, later ? FRAGMENT_LATER : FRAGMENT_FIRST};
    }
    protocol = next;
    offset += bytes;
  }
}

bool is_unspecified(const uint8_t *address) { return (raw64(address) | raw64(address + 8)) == 0; }

void map_address(uint8_t mapped[16], const uint8_t *address) {
  memcpy(mapped, mapped_prefix, sizeof mapped_prefix);
  memcpy(mapped + sizeof mapped_prefix, address, 4);
}

bool is_mapped(const uint8_t *address) { return memcmp(address, mapped_prefix, sizeof mapped_prefix) == 0; }

static bool is_loopback(const uint8_t *address) {
  static const uint8_t loopback[16] = {[15] = 1};
  return memcmp(address, loopback, sizeof loopback) == 0;
}

static bool is_link_local(const uint8_t *address) { return address[0] == 0xfe && (address[1] & 0xc0) == 0x80; }

static bool stays_on_link(const uint8_t *address) {
  /* Nothing of the kind starts otherwise; most packets end here. */
  if (address[0] != 0 && address[0] != 0xfe) return false;
  return is_unspecified(address) || is_loopback(address) || is_link_local(address);
}

static bool stays_on_ipv4_link(const uint8_t *address) {
  return address[0] == 0 || address[0] == 127 || address[0] >= 240 || (address[0] == 169 && address[1] == 254);
}

static bool is_narrow_ipv4_multicast(const uint8_t *address) {
  return address[0] == 239 || (address[0] == 224 && address[1] == 0 && address[2] == 0);
}

static bool ipv4_may_leave_link(const uint8_t *source, const uint8_t *destination) {
  if (is_ipv4_multicast(source) || is_narrow_ipv4_multicast(destination)) return false;
  return !stays_on_ipv4_link(source) && !stays_on_ipv4_link(destination);
}

bool may_leave_link(const uint8_t *packet) {
  if (is_ipv4(packet)) return ipv4_may_leave_link(packet + IPV4_SOURCE, packet + IPV4_DESTINATION);
  const uint8_t *source = packet + IPV6_SOURCE, *destination = packet + IPV6_DESTINATION;
  if (is_multicast(source)) return false;
  if (is_multicast(destination) && (destination[1] & 0x0f) < GLOBAL_SCOPE) return false;
  return !stays_on_link(source) && !stays_on_link(destination);
}

bool may_be_fragmented(const uint8_t *packet) {
  return is_ipv4(packet) && !(load16(packet + IPV4_FRAGMENT_FIELD) & IPV4_DONT_FRAGMENT);
}

void decrement_hop_limit(uint8_t *packet) {
  if (is_ipv4(packet)) ipv4_set_header_word(packet, IPV4_TTL, (uint16_t)(load16(packet + IPV4_TTL) - 0x100));
  else packet[IPV6_HOP_LIMIT]--;
}

static bool has_ports(uint8_t protocol) {
  return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_DCCP ||
         protocol == PROTOCOL_SCTP || protocol == PROTOCOL_UDP_LITE;
}

static bool is_echo(uint8_t protocol, uint8_t type) {
  if (protocol == PROTOCOL_ICMPV6) return type == ECHO_REQUEST || type == ECHO_REPLY;
  return protocol == PROTOCOL_ICMP && (type == ICMPV4_ECHO_REQUEST || type == ICMPV4_ECHO_REPLY);
}

void flow_key_of(const uint8_t *packet, size_t length, struct flow_key *key) {
  uint8_t *bytes = key->bytes;
  bool ipv4 = is_ipv4(packet);
  if (ipv4) {
    map_address(bytes, packet + IPV4_SOURCE);
    map_address(bytes + 16, packet + IPV4_DESTINATION);
  } else {
    memcpy(bytes, packet + IPV6_SOURCE, 32);
  }
  struct transport transport = find_transport(packet, length);
  const uint8_t *at = packet + transport.offset;
  size_t rest = transport.fragment == FRAGMENT_NONE ? length - transport.offset : 0;
  uint8_t kind = KIND_PORTS;
  if (has_ports(transport.protocol) && rest >= 4) {
    memcpy(bytes + KEY_DISCRIMINATOR, at, 4);
  } else if (rest >= 8 && is_echo(transport.protocol, at[0])) {
    memcpy(bytes + KEY_DISCRIMINATOR, at + 4, 2);
    memcpy(bytes + KEY_DISCRIMINATOR + 2, at + 4, 2);
  } else {
    store32(bytes + KEY_DISCRIMINATOR, ipv4 ? 0 : load32(packet) & 0xfffff);
    kind = KIND_FLOW_LABEL;
  }
  bytes[KEY_PROTOCOL] = transport.protocol;
  bytes[KEY_KIND] = kind;
  bytes[KEY_FAMILY] = ipv4 ? FAMILY_IPV4 : 0;
  bytes[KEY_FAMILY + 1] = 0;
}

void reverse_flow_key(const struct flow_key *key, struct flow_key *reversed) {
  *reversed = *key;
  memcpy(reversed->bytes, key->bytes + 16, 16);
  memcpy(reversed->bytes + 16, key->bytes, 16);
  if (key->bytes[KEY_KIND] != KIND_PORTS) return;
  memcpy(reversed->bytes + KEY_DISCRIMINATOR, key->bytes + KEY_DISCRIMINATOR + 2, 2);
  memcpy(reversed->bytes + KEY_DISCRIMINATOR + 2, key->bytes + KEY_DISCRIMINATOR, 2);
}
