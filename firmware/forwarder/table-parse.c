#include "table.h"

#include <errno.h>
#include <stdlib.h>

#include "bytes.h"
#include "packet.h"
#include "table-keys.h"

#define MAGIC 0x4d465402u
#define HEADER_BYTES 48u
#define INTERFACE_BYTES 4u
#define TUNNEL_BYTES 52u
#define GROUP_BYTES 12u
#define MEMBER_BYTES 8u
#define PREFIX_BYTES 20u
#define FAMILY_IPV6 6
#define FAMILY_IPV4 4
#define MAPPED_BITS 96u
#define LARGEST_PATH_MTU_BYTES 65535u

struct cursor {
  const uint8_t *at;
  size_t rest;
};

/* The next `count` records of `size` octets, or NULL if there are fewer. */
static const uint8_t *take(struct cursor *cursor, size_t count, size_t size) {
  if (count > cursor->rest / size) return NULL;
  const uint8_t *at = cursor->at;
  cursor->at += count * size;
  cursor->rest -= count * size;
  return at;
}

static bool is_ipv6_unicast(const uint8_t *address) {
  return !is_unspecified(address) && !is_multicast(address) && !is_mapped(address);
}

static bool is_ipv4_unicast(const uint8_t *address) {
  return is_mapped(address) && address[12] != 0 && address[12] != 127 && address[12] < 224;
}

static bool add_tunnel_id(struct table *table, size_t place) {
  uint32_t id = table->tunnels[place].id;
  uint32_t slot = index_first(&table->tunnels_by_id, hash_number(id));
  for (int64_t other; (other = index_at(&table->tunnels_by_id, slot)) >= 0;
       slot = index_next(&table->tunnels_by_id, slot))
    if (table->tunnels[other].id == id) return false;
  index_put(&table->tunnels_by_id, slot, place);
  return true;
}

static void add_tunnel_ends(struct table *table, size_t place) {
  const struct tunnel *tunnel = &table->tunnels[place];
  const uint8_t *addresses = tunnel->outer_addresses;
  uint64_t selector = selector_of(tunnel);
  uint32_t slot = index_first(&table->tunnels_by_ends, ends_hash(addresses, selector, 0));
  for (int64_t other; (other = index_at(&table->tunnels_by_ends, slot)) >= 0;
       slot = index_next(&table->tunnels_by_ends, slot))
    if (same_ends(&table->tunnels[other], addresses, selector)) return;
  index_put(&table->tunnels_by_ends, slot, place);
}

static void add_tunnel_addresses(struct table *table, size_t place) {
  const uint8_t *addresses = table->tunnels[place].outer_addresses;
  uint32_t slot = index_first(&table->tunnels_by_addresses, hash_bytes(addresses, 32, 0));
  for (int64_t other; (other = index_at(&table->tunnels_by_addresses, slot)) >= 0;
       slot = index_next(&table->tunnels_by_addresses, slot))
    if (memcmp(table->tunnels[other].outer_addresses, addresses, 32) == 0) return;
  index_put(&table->tunnels_by_addresses, slot, place);
}

/* Two home addresses may share a care-of address; two bindings of one may not. */
static bool add_binding(struct table *table, size_t place) {
  const struct tunnel *tunnel = &table->tunnels[place];
  const uint8_t *addresses = tunnel->outer_addresses;
  uint64_t selector = selector_of(tunnel);
  uint32_t slot = index_first(&table->tunnels_by_binding, ends_hash(addresses, selector, tunnel->group->id));
  for (int64_t other; (other = index_at(&table->tunnels_by_binding, slot)) >= 0;
       slot = index_next(&table->tunnels_by_binding, slot)) {
    const struct tunnel *present = &table->tunnels[other];
    if (present->group == tunnel->group && same_ends(present, addresses, selector)) return false;
  }
  index_put(&table->tunnels_by_binding, slot, place);
  return true;
}

static bool add_group_id(struct table *table, size_t place) {
  uint32_t id = table->groups[place].id;
  uint32_t slot = index_first(&table->groups_by_id, hash_number(id));
  for (int64_t other; (other = index_at(&table->groups_by_id, slot)) >= 0;
       slot = index_next(&table->groups_by_id, slot))
    if (table->groups[other].id == id) return false;
  index_put(&table->groups_by_id, slot, place);
  return true;
}

static bool add_route(struct table *table, size_t place) {
  const struct route *route = &table->routes[place];
  uint32_t slot = index_first(&table->routes_by_prefix, route_hash(route->prefix, route->prefix_bits, route->ipv4));
  for (int64_t other; (other = index_at(&table->routes_by_prefix, slot)) >= 0;
       slot = index_next(&table->routes_by_prefix, slot)) {
    const struct route *present = &table->routes[other];
    if (is_route(present, route->prefix, route->prefix_bits, route->ipv4)) return false;
  }
  index_put(&table->routes_by_prefix, slot, place);
  return true;
}

static bool parse_interfaces(struct table *table, const uint8_t *at) {
  for (size_t i = 0; i < table->interface_count; i++, at += INTERFACE_BYTES) {
    uint32_t index = table->interfaces[i] = load32(at);
    if (index == 0) return false;
    for (size_t other = 0; other < i; other++)
      if (table->interfaces[other] == index) return false;
  }
  return true;
}

static void set_ipv6_ends(struct tunnel *tunnel) {
  tunnel->overhead = IPV6_HEADER_BYTES;
  tunnel->destination.ipv6.sin6_family = AF_INET6;
  memcpy(&tunnel->destination.ipv6.sin6_addr, tunnel->outer_addresses + 16, 16);
}

static void set_ipv4_ends(struct tunnel *tunnel) {
  bool udp = tunnel->encapsulation == ENCAPSULATION_UDP;
  tunnel->overhead = IPV4_HEADER_BYTES + (udp ? UDP_HEADER_BYTES : 0);
  tunnel->destination.ipv4.sin_family = AF_INET;
  memcpy(&tunnel->destination.ipv4.sin_addr, tunnel->outer_addresses + 28, 4);
}

static bool has_sound_ends(const struct tunnel *tunnel) {
  const uint8_t *source = tunnel->outer_addresses, *destination = source + 16;
  bool udp = tunnel->encapsulation == ENCAPSULATION_UDP;
  if ((tunnel->source_port != 0) != udp || (tunnel->destination_port != 0) != udp) return false;
  if (tunnel->encapsulation == ENCAPSULATION_IPV6)
    return is_ipv6_unicast(source) && is_ipv6_unicast(destination) && tunnel->path_mtu >= IPV6_MINIMUM_MTU_BYTES;
  return is_ipv4_unicast(source) && is_ipv4_unicast(destination) && tunnel->path_mtu >= IPV4_MINIMUM_MTU_BYTES;
}

static bool parse_tunnel(struct tunnel *tunnel, const uint8_t *at) {
  tunnel->id = load32(at);
  tunnel->encapsulation = at[4];
  tunnel->usable = at[5] == 1;
  tunnel->interface_index = load32(at + 8);
  tunnel->path_mtu = load32(at + 12);
  tunnel->source_port = load16(at + 16);
  tunnel->destination_port = load16(at + 18);
  memcpy(tunnel->outer_addresses, at + 20, 32);
  if (at[4] < ENCAPSULATION_IPV6 || at[4] > ENCAPSULATION_UDP) return false;
  if (tunnel->encapsulation == ENCAPSULATION_IPV6) set_ipv6_ends(tunnel);
  else set_ipv4_ends(tunnel);
  return tunnel->id != 0 && at[5] <= 1 && load16(at + 6) == 0 && tunnel->path_mtu <= LARGEST_PATH_MTU_BYTES &&
         has_sound_ends(tunnel);
}

static bool parse_tunnels(struct table *table, const uint8_t *at) {
  for (size_t i = 0; i < table->tunnel_count; i++, at += TUNNEL_BYTES) {
    if (!parse_tunnel(&table->tunnels[i], at) || !add_tunnel_id(table, i)) return false;
    add_tunnel_addresses(table, i);
    add_tunnel_ends(table, i);
  }
  return true;
}

static bool parse_member(struct table *table, struct group *group, struct tunnel **member, const uint8_t *at) {
  struct tunnel *tunnel = table_tunnel(table, load32(at));
  if (!tunnel || tunnel->group || load16(at + 4) == 0 || load16(at + 6) != 0) return false;
  tunnel->group = group;
  tunnel->weight = load16(at + 4);
  *member = tunnel;
  return true;
}

static bool parse_prefix(struct route *route, struct group *group, const uint8_t *at) {
  memcpy(route->prefix, at, 16);
  route->ipv4 = at[17] == FAMILY_IPV4;
  route->prefix_bits = at[16] + (route->ipv4 ? MAPPED_BITS : 0);
  route->group = group;
  if (at[17] != FAMILY_IPV6 && at[17] != FAMILY_IPV4) return false;
  if (route->prefix_bits > 128 || load16(at + 18) != 0 || (route->ipv4 && !is_mapped(at))) return false;
  mask_address(route->prefix, route->prefix_bits);
  return memcmp(route->prefix, at, 16) == 0;
}

/* Counts what the groups hold, so that everything can be allocated before anything is parsed. */
static bool measure_groups(struct table *table, struct cursor cursor, size_t *members) {
  for (size_t i = 0; i < table->group_count; i++) {
    const uint8_t *at = take(&cursor, 1, GROUP_BYTES);
    if (!at || !take(&cursor, load16(at + 6), MEMBER_BYTES) || !take(&cursor, load16(at + 8), PREFIX_BYTES))
      return false;
    *members += load16(at + 6);
    table->route_count += load16(at + 8);
  }
  return cursor.rest == 0;
}

static bool parse_groups(struct table *table, struct cursor cursor) {
  struct tunnel **members = table->members;
  size_t place = 0;
  for (size_t i = 0; i < table->group_count; i++) {
    struct group *group = &table->groups[i];
    const uint8_t *at = take(&cursor, 1, GROUP_BYTES);
    size_t routes = load16(at + 8);
    group->id = load32(at);
    group->mode = at[4];
    group->tunnel_count = load16(at + 6);
    group->tunnels = members;
    if (group->mode < MODE_FIRST_USABLE || group->mode > MODE_FOLLOW) return false;
    if (at[5] != 0 || load16(at + 10) != 0) return false;
    if (!add_group_id(table, i)) return false;
    for (size_t j = 0; j < group->tunnel_count; j++)
      if (!parse_member(table, group, members++, take(&cursor, 1, MEMBER_BYTES))) return false;
    for (size_t j = 0; j < routes; j++, place++)
      if (!parse_prefix(&table->routes[place], group, take(&cursor, 1, PREFIX_BYTES)) || !add_route(table, place))
        return false;
  }
  return true;
}

/* Once every tunnel has its group. */
static bool index_bindings(struct table *table) {
  for (size_t i = 0; i < table->tunnel_count; i++)
    if (!add_binding(table, i)) return false;
  return true;
}

static void list_prefix_lengths(struct table *table) {
  bool used[2][129] = {{false}};
  for (size_t i = 0; i < table->route_count; i++) used[table->routes[i].ipv4][table->routes[i].prefix_bits] = true;
  for (int ipv4 = 0; ipv4 < 2; ipv4++)
    for (int bits = 128; bits >= 0; bits--)
      if (used[ipv4][bits])
        table->prefix_lengths[ipv4].bits[table->prefix_lengths[ipv4].count++] = (unsigned)bits;
}

static void *array(size_t count, size_t size) { return calloc(count ? count : 1, size); }

static bool allocate(struct table *table, size_t members) {
  table->interfaces = array(table->interface_count, sizeof *table->interfaces);
  table->tunnels = array(table->tunnel_count, sizeof *table->tunnels);
  table->groups = array(table->group_count, sizeof *table->groups);
  table->members = array(members, sizeof *table->members);
  table->routes = array(table->route_count, sizeof *table->routes);
  return table->interfaces && table->tunnels && table->groups && table->members && table->routes &&
         index_create(&table->tunnels_by_id, table->tunnel_count) &&
         index_create(&table->tunnels_by_addresses, table->tunnel_count) &&
         index_create(&table->tunnels_by_ends, table->tunnel_count) &&
         index_create(&table->tunnels_by_binding, table->tunnel_count) &&
         index_create(&table->groups_by_id, table->group_count) &&
         index_create(&table->routes_by_prefix, table->route_count);
}

/* 0 or an errno. */
static int parse(struct table *table, const uint8_t *bytes, size_t length) {
  struct cursor cursor = {bytes, length};
  const uint8_t *header = take(&cursor, 1, HEADER_BYTES);
  if (!header || load32(header) != MAGIC || header[5] != 0) return EINVAL;
  table->side = header[4];
  table->interface_count = load16(header + 6);
  table->tunnel_count = load32(header + 8);
  table->group_count = load32(header + 12);
  memcpy(table->icmp_source, header + 16, 16);
  table->has_icmpv4_source = !is_unspecified(header + 32);
  memcpy(table->icmpv4_source, header + 44, 4);
  if (table->side != SIDE_MOBILE_ROUTER && table->side != SIDE_HOME_AGENT) return EINVAL;
  if (!is_ipv6_unicast(table->icmp_source) || table->interface_count > MAXIMUM_INTERFACES) return EINVAL;
  if (table->has_icmpv4_source && !is_ipv4_unicast(header + 32)) return EINVAL;

  const uint8_t *interfaces = take(&cursor, table->interface_count, INTERFACE_BYTES);
  if (!interfaces) return EINVAL;
  const uint8_t *tunnels = take(&cursor, table->tunnel_count, TUNNEL_BYTES);
  size_t members = 0;
  if (!tunnels || !measure_groups(table, cursor, &members)) return EINVAL;
  /* No tunnel may be in two groups, so equal numbers mean that each one is in one. */
  if (members != table->tunnel_count) return EINVAL;
  if (!allocate(table, members)) return ENOMEM;
  if (!parse_interfaces(table, interfaces) || !parse_tunnels(table, tunnels) || !parse_groups(table, cursor) ||
      !index_bindings(table))
    return EINVAL;
  list_prefix_lengths(table);
  return 0;
}

struct table *table_parse(const uint8_t *bytes, size_t length) {
  struct table *table = calloc(1, sizeof *table);
  int error = table ? parse(table, bytes, length) : ENOMEM;
  if (error == 0) return table;
  table_free(table);
  errno = error;
  return NULL;
}

void table_free(struct table *table) {
  if (!table) return;
  index_destroy(&table->tunnels_by_id);
  index_destroy(&table->tunnels_by_addresses);
  index_destroy(&table->tunnels_by_ends);
  index_destroy(&table->tunnels_by_binding);
  index_destroy(&table->groups_by_id);
  index_destroy(&table->routes_by_prefix);
  free(table->interfaces);
  free(table->tunnels);
  free(table->groups);
  free(table->members);
  free(table->routes);
  free(table->egresses);
  free(table);
}
