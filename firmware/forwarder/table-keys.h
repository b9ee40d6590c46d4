/* By what the indexes of a table find their entries: the same for those who fill them and those who look up. */
#ifndef MONAMI_FORWARDER_TABLE_KEYS_H
#define MONAMI_FORWARDER_TABLE_KEYS_H

#include <string.h>

#include "table.h"

static inline uint64_t selector_of(const struct tunnel *tunnel) {
  return tunnel_selector(tunnel->encapsulation, tunnel->source_port, tunnel->destination_port);
}

static inline bool same_ends(const struct tunnel *tunnel, const uint8_t *addresses, uint64_t selector) {
  return memcmp(tunnel->outer_addresses, addresses, 32) == 0 && selector_of(tunnel) == selector;
}

static inline uint64_t ends_hash(const uint8_t *addresses, uint64_t selector, uint32_t group_id) {
  return hash_bytes(addresses, 32, selector * 0x9e3779b97f4a7c15u + group_id);
}

static inline uint64_t route_hash(const uint8_t *prefix, unsigned bits, bool ipv4) {
  return hash_bytes(prefix, 16, bits | (ipv4 ? 1u << 8 : 0));
}

static inline bool is_route(const struct route *route, const uint8_t *prefix, unsigned bits, bool ipv4) {
  return route->prefix_bits == bits && route->ipv4 == ipv4 && memcmp(route->prefix, prefix, 16) == 0;
}

static inline void mask_address(uint8_t *address, unsigned bits) {
  unsigned whole = bits / 8;
  if (whole == 16) return;
  address[whole] &= (uint8_t)(0xff00u >> bits % 8);
  memset(address + whole + 1, 0, 15 - whole);
}

#endif
