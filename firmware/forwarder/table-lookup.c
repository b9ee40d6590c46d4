#include "table.h"

#include "table-keys.h"

struct tunnel *table_tunnel(const struct table *table, uint32_t id) {
  uint32_t slot = index_first(&table->tunnels_by_id, hash_number(id));
  for (int64_t place; (place = index_at(&table->tunnels_by_id, slot)) >= 0;
       slot = index_next(&table->tunnels_by_id, slot))
    if (table->tunnels[place].id == id) return &table->tunnels[place];
  return NULL;
}

struct group *table_group(const struct table *table, uint32_t id) {
  uint32_t slot = index_first(&table->groups_by_id, hash_number(id));
  for (int64_t place; (place = index_at(&table->groups_by_id, slot)) >= 0;
       slot = index_next(&table->groups_by_id, slot))
    if (table->groups[place].id == id) return &table->groups[place];
  return NULL;
}

struct tunnel *table_tunnel_between(const struct table *table, const struct tunnel_ends *ends,
                                    const struct group *group) {
  if (!group) return NULL;
  uint32_t slot = index_first(&table->tunnels_by_binding, ends_hash(ends->addresses, ends->selector, group->id));
  for (int64_t place; (place = index_at(&table->tunnels_by_binding, slot)) >= 0;
       slot = index_next(&table->tunnels_by_binding, slot)) {
    struct tunnel *tunnel = &table->tunnels[place];
    if (tunnel->group == group && same_ends(tunnel, ends->addresses, ends->selector)) return tunnel;
  }
  return NULL;
}

bool table_has_tunnel_between(const struct table *table, const struct tunnel_ends *ends) {
  uint32_t slot = index_first(&table->tunnels_by_ends, ends_hash(ends->addresses, ends->selector, 0));
  for (int64_t place; (place = index_at(&table->tunnels_by_ends, slot)) >= 0;
       slot = index_next(&table->tunnels_by_ends, slot))
    if (same_ends(&table->tunnels[place], ends->addresses, ends->selector)) return true;
  return false;
}

bool table_has_tunnel_at(const struct table *table, const uint8_t addresses[32]) {
  uint32_t slot = index_first(&table->tunnels_by_addresses, hash_bytes(addresses, 32, 0));
  for (int64_t place; (place = index_at(&table->tunnels_by_addresses, slot)) >= 0;
       slot = index_next(&table->tunnels_by_addresses, slot))
    if (memcmp(table->tunnels[place].outer_addresses, addresses, 32) == 0) return true;
  return false;
}

const struct route *table_route_of(const struct table *table, const uint8_t *address, bool ipv4) {
  uint8_t masked[16];
  memcpy(masked, address, 16);
  for (size_t i = 0; i < table->prefix_lengths[ipv4].count; i++) {
    unsigned bits = table->prefix_lengths[ipv4].bits[i];
    mask_address(masked, bits);
    uint32_t slot = index_first(&table->routes_by_prefix, route_hash(masked, bits, ipv4));
    for (int64_t place; (place = index_at(&table->routes_by_prefix, slot)) >= 0;
         slot = index_next(&table->routes_by_prefix, slot)) {
      const struct route *route = &table->routes[place];
      if (is_route(route, masked, bits, ipv4)) return route;
    }
  }
  return NULL;
}

bool table_uses_ipv4(const struct table *table) {
  for (size_t i = 0; i < table->tunnel_count; i++)
    if (table->tunnels[i].encapsulation != ENCAPSULATION_IPV6) return true;
  return false;
}

void table_inherit(struct table *table, const struct table *before) {
  for (size_t i = 0; i < table->tunnel_count; i++) {
    struct tunnel *tunnel = &table->tunnels[i];
    const struct tunnel *old = table_tunnel(before, tunnel->id);
    if (!old) continue;
    tunnel->sent_packets = old->sent_packets;
    tunnel->sent_bytes = old->sent_bytes;
    tunnel->received_packets = old->received_packets;
    tunnel->received_bytes = old->received_bytes;
    tunnel->last_received_ms = old->last_received_ms;
  }
  for (size_t i = 0; i < table->group_count; i++) {
    struct group *group = &table->groups[i];
    const struct group *old = table_group(before, group->id);
    if (old) group->confirmed_id = old->confirmed_id;
  }
}
