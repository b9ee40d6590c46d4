#include "packet.h"

#include "bytes.h"

#define MAXIMUM_EXTENSION_HEADERS 8
#define GLOBAL_SCOPE 14

#define KEY_DISCRIMINATOR 32
#define KEY_PROTOCOL 36
#define KEY_KIND 37
#define KIND_FLOW_LABEL 0
#define KIND_PORTS 1

#define ECHO_REQUEST 128
#define ECHO_REPLY 129

size_t ipv6_whole_length(const uint8_t *bytes, size_t length) {
  if (length < IPV6_HEADER_BYTES || bytes[0] >> 4 != 6) return 0;
  size_t whole = IPV6_HEADER_BYTES + load16(bytes + 4);
  return whole <= length ? whole : 0;
}

static bool is_extension(uint8_t protocol) {
  return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING || protocol == PROTOCOL_DESTINATION_OPTIONS;
}

struct transport find_transport(const uint8_t *packet, size_t length) {
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

bool may_leave_link(const uint8_t *packet) {
  const uint8_t *source = packet + IPV6_SOURCE, *destination = packet + IPV6_DESTINATION;
  if (is_multicast(source)) return false;
  if (is_multicast(destination) && (destination[1] & 0x0f) < GLOBAL_SCOPE) return false;
  return !stays_on_link(source) && !stays_on_link(destination);
}

static bool has_ports(uint8_t protocol) {
  return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_DCCP ||
         protocol == PROTOCOL_SCTP || protocol == PROTOCOL_UDP_LITE;
}

void flow_key_of(const uint8_t *packet, size_t length, struct flow_key *key) {
  uint8_t *bytes = key->bytes;
  memcpy(bytes, packet + IPV6_SOURCE, 32);
  struct transport transport = find_transport(packet, length);
  const uint8_t *at = packet + transport.offset;
  size_t rest = transport.fragment == FRAGMENT_NONE ? length - transport.offset : 0;
  uint8_t kind = KIND_PORTS;
  if (has_ports(transport.protocol) && rest >= 4) {
    memcpy(bytes + KEY_DISCRIMINATOR, at, 4);
  } else if (transport.protocol == PROTOCOL_ICMPV6 && rest >= 8 && (at[0] == ECHO_REQUEST || at[0] == ECHO_REPLY)) {
    memcpy(bytes + KEY_DISCRIMINATOR, at + 4, 2);
    memcpy(bytes + KEY_DISCRIMINATOR + 2, at + 4, 2);
  } else {
    store32(bytes + KEY_DISCRIMINATOR, load32(packet) & 0xfffff);
    kind = KIND_FLOW_LABEL;
  }
  bytes[KEY_PROTOCOL] = transport.protocol;
  bytes[KEY_KIND] = kind;
  bytes[38] = bytes[39] = 0;
}

void reverse_flow_key(const struct flow_key *key, struct flow_key *reversed) {
  *reversed = *key;
  memcpy(reversed->bytes, key->bytes + 16, 16);
  memcpy(reversed->bytes + 16, key->bytes, 16);
  if (key->bytes[KEY_KIND] != KIND_PORTS) return;
  memcpy(reversed->bytes + KEY_DISCRIMINATOR, key->bytes + KEY_DISCRIMINATOR + 2, 2);
  memcpy(reversed->bytes + KEY_DISCRIMINATOR + 2, key->bytes + KEY_DISCRIMINATOR, 2);
}
