#include "core.h"

#include "bytes.h"

bool core_create(struct core *core, uint32_t flow_capacity, uint32_t first_identification) {
  core->table = NULL;
  core->next_identification = first_identification;
  core->reply_length = 0;
  for (int i = 0; i < COUNTERS; i++) core->counters[i] = 0;
  icmp_rate_limit_start(&core->icmp_rate_limit);
  if (!reassembly_create(&core->reassembly)) return false;
  if (flow_cache_create(&core->flows, flow_capacity)) return true;
  reassembly_destroy(&core->reassembly);
  return false;
}

void core_destroy(struct core *core) {
  flow_cache_destroy(&core->flows);
  reassembly_destroy(&core->reassembly);
  table_free(core->table);
}

struct table *core_adopt(struct core *core, struct table *table) {
  struct table *before = core->table;
  if (before) table_inherit(table, before);
  core->table = table;
  core->flows.generation++;
  return before;
}

size_t core_statistics(struct core *core, uint64_t now_ms, double *values, size_t capacity) {
  const struct table *table = core->table;
  size_t count = COUNTERS + (table ? table->tunnel_count * TUNNEL_COUNTERS : 0);
  flow_cache_expire(&core->flows, now_ms);
  core->counters[COUNTER_FLOWS] = core->flows.size;
  for (size_t i = 0; i < COUNTERS && i < capacity; i++) values[i] = (double)core->counters[i];
  for (size_t at = COUNTERS; at < count && at < capacity; at++) {
    const struct tunnel *tunnel = &table->tunnels[(at - COUNTERS) / TUNNEL_COUNTERS];
    const uint64_t counters[TUNNEL_COUNTERS] = {tunnel->id,
                                                tunnel->sent_packets,
                                                tunnel->sent_bytes,
                                                tunnel->received_packets,
                                                tunnel->received_bytes,
                                                tunnel->last_received_ms};
    values[at] = (double)counters[(at - COUNTERS) % TUNNEL_COUNTERS];
  }
  return count;
}

static void drop_outbound(struct core *core, struct outbound *result, enum counter reason) {
  core->counters[reason]++;
  result->verdict = VERDICT_DROP;
  result->reason = reason;
}

static void answer(struct core *core, enum icmp_error error, uint32_t mtu, const uint8_t *packet, size_t length,
                   uint64_t now_ms, struct outbound *result) {
  if (!icmp_may_answer(core->table, error, packet, length) || !icmp_rate_limit_take(&core->icmp_rate_limit, now_ms)) {
    drop_outbound(core, result, COUNTER_ICMP_SUPPRESSED);
    return;
  }
  core->counters[error == ICMP_PACKET_TOO_BIG ? COUNTER_PACKET_TOO_BIG : COUNTER_HOP_LIMIT_EXCEEDED]++;
  core->reply_length = icmp_build(core->table, error, mtu, packet, length, core->reply);
  result->verdict = VERDICT_REPLY;
}

/* The tunnel that a known flow keeps: NULL if it has to choose anew. */
static struct tunnel *kept_tunnel(const struct core *core, const struct flow *flow, const struct group *group) {
  if (flow->generation == core->flows.generation) return flow->tunnel;
  return usable_tunnel_of(core->table, group, flow->tunnel_id);
}

static void encapsulate(struct core *core, const struct flow *flow, uint8_t *packet, size_t length,
                        const struct burst *burst, struct outbound *result) {
  struct tunnel *tunnel = flow->tunnel;
  decrement_hop_limit(packet);
  clamp_tcp_mss(packet, length, inner_mtu(tunnel), false);
  result->outer = packet - tunnel->overhead;
  outer_header(tunnel, flow->hash, packet, length, result->outer);
  result->verdict = VERDICT_SEND;
  result->tunnel = tunnel;
  result->length = length;
  if (burst->largest <= inner_mtu(tunnel)) {
    tunnel->sent_packets += burst->count;
    tunnel->sent_bytes += burst->octets + burst->count * tunnel->overhead;
  } else if (is_ipv4(packet)) {
    struct ipv4_fragmentation *plan = &result->inner_fragments;
    ipv4_plan_fragments(packet, length, inner_mtu(tunnel), plan);
    tunnel->sent_packets += plan->count;
    tunnel->sent_bytes += length - plan->header + plan->count * (plan->header + tunnel->overhead);
    result->verdict = VERDICT_SEND_INNER_FRAGMENTS;
  } else {
    outer_fragment(tunnel, result->outer, length, core->next_identification++, &result->fragments);
    tunnel->sent_packets += result->fragments.count;
    tunnel->sent_bytes += result->fragments.octets;
    result->verdict = VERDICT_SEND_FRAGMENTS;
  }
}

/* What a packet may have at most, so that it is not refused. */
static size_t accepted_bytes(const struct tunnel *tunnel, const uint8_t *packet) {
  size_t mtu = inner_mtu(tunnel);
  return is_ipv4(packet) || mtu > IPV6_MINIMUM_MTU_BYTES ? mtu : IPV6_MINIMUM_MTU_BYTES;
}

/* Whether a flow's tunnel and group need no look-up: the table has not changed since it was used last. */
static bool is_current(const struct core *core, const struct flow *flow) {
  return flow && flow->generation == core->flows.generation;
}

void core_outbound(struct core *core, uint8_t *packet, size_t length, const struct burst *burst, uint64_t now_ms,
                   struct outbound *result) {
  const struct table *table = core->table;
  core->counters[COUNTER_OUTBOUND_PACKETS] += burst ? burst->count : 1;
  flow_cache_expire(&core->flows, now_ms);
  length = whole_length(packet, length);
  if (length == 0) {
    drop_outbound(core, result, COUNTER_MALFORMED);
    return;
  }
  if (!table || !may_leave_link(packet)) {
    drop_outbound(core, result, COUNTER_NO_ROUTE);
    return;
  }
  struct flow_key key;
  flow_key_of(packet, length, &key);
  struct flow *flow = flow_cache_find(&core->flows, &key);
  struct group *group = NULL;
  if (!is_current(core, flow)) {
    /* The key starts with source and destination, in 16 octets each. */
    const uint8_t *owned = key.bytes + (table->side == SIDE_MOBILE_ROUTER ? 0 : 16);
    const struct route *route = table_route_of(table, owned, is_ipv4(packet));
    if (!route) {
      drop_outbound(core, result, COUNTER_NO_ROUTE);
      return;
    }
    group = route->group;
  }
  if (hop_limit_of(packet) <= 1) {
    answer(core, ICMP_TIME_EXCEEDED, 0, packet, length, now_ms, result);
    return;
  }
  struct tunnel *tunnel = flow ? kept_tunnel(core, flow, group) : NULL;
  if (!tunnel) tunnel = choose_tunnel(table, group, flow ? flow->hash : flow_hash(&key));
  if (!tunnel) {
    drop_outbound(core, result, COUNTER_NO_TUNNEL);
    return;
  }
  flow = flow_cache_use(&core->flows, flow, &key, tunnel, now_ms);

  const struct burst plain = {.count = 1, .largest = length, .octets = length};
  bool is_plain = !burst;
  if (is_plain) burst = &plain;
  if (burst->largest > accepted_bytes(tunnel, packet) && !may_be_fragmented(packet)) {
    answer(core, ICMP_PACKET_TOO_BIG, (uint32_t)accepted_bytes(tunnel, packet), packet, length, now_ms, result);
    return;
  }
  if (burst->largest > inner_mtu(tunnel) && !is_plain) {
    core->counters[COUNTER_OUTBOUND_PACKETS] -= burst->count;
    result->verdict = VERDICT_SPLIT;
    return;
  }
  encapsulate(core, flow, packet, length, burst, result);
}

static void drop_inbound(struct core *core, struct inbound *result, enum counter reason) {
  core->counters[reason]++;
  result->verdict = VERDICT_DROP;
  result->reason = reason;
}

/* RFC 5648 §3: answer by the way on which the far end sends. A tunnel known to be dead teaches nothing. */
static void learn(struct core *core, struct tunnel *tunnel, const uint8_t *inner, size_t length, uint64_t now_ms) {
  if (tunnel->group->mode != MODE_FOLLOW || !tunnel->usable) return;
  struct flow_key key, reversed;
  flow_key_of(inner, length, &key);
  reverse_flow_key(&key, &reversed);
  tunnel->group->confirmed_id = tunnel->id;
  flow_cache_use(&core->flows, flow_cache_find(&core->flows, &reversed), &reversed, tunnel, now_ms);
}

/* The group's address or prefix that the inner packet must belong to, or NULL. */
static const struct route *owner_of(const struct table *table, const uint8_t *inner) {
  bool by_destination = table->side == SIDE_MOBILE_ROUTER;
  if (!is_ipv4(inner)) return table_route_of(table, inner + (by_destination ? IPV6_DESTINATION : IPV6_SOURCE), false);
  uint8_t mapped[16];
  map_address(mapped, inner + (by_destination ? IPV4_DESTINATION : IPV4_SOURCE));
  return table_route_of(table, mapped, true);
}

/*
 * A Mobility Header to the home agent or to a home address of the mobile router. From an IPv4 care-of address it looks
 * like data (RFC 5555 §4.4.2), and the kernel would answer it with an ICMPv6 error.
 */
static bool is_signalling(const struct table *table, const uint8_t *inner, size_t length, const struct route *owner) {
  if (is_ipv4(inner) || inner[IPV6_NEXT_HEADER] == PROTOCOL_TCP || inner[IPV6_NEXT_HEADER] == PROTOCOL_UDP) return false;
  if (find_transport(inner, length).protocol != PROTOCOL_MOBILITY) return false;
  if (table->side == SIDE_MOBILE_ROUTER) return owner && owner->prefix_bits == 128;
  return memcmp(inner + IPV6_DESTINATION, table->icmp_source, 16) == 0;
}

static void take_whole(struct core *core, uint8_t *outer, size_t length, size_t packets, bool pending, uint64_t now_ms,
                       struct inbound *result) {
  const struct table *table = core->table;
  struct carried carried;
  if (!decapsulate(outer, length, pending, &carried)) {
    drop_inbound(core, result, COUNTER_MALFORMED);
    return;
  }
  if (!table) {
    drop_inbound(core, result, COUNTER_UNKNOWN_TUNNEL);
    return;
  }
  uint8_t *inner = outer + carried.start;
  const struct route *owner = owner_of(table, inner);
  if (is_ipv4(outer) && is_signalling(table, inner, carried.length, owner)) {
    result->verdict = VERDICT_IGNORE;
    return;
  }
  struct tunnel *tunnel = table_tunnel_between(table, &carried.ends, owner ? owner->group : NULL);
  if (!tunnel || !may_leave_link(inner)) {
    bool known = table_has_tunnel_between(table, &carried.ends);
    drop_inbound(core, result, known ? COUNTER_WRONG_INNER_ADDRESS : COUNTER_UNKNOWN_TUNNEL);
    return;
  }
  if (!decapsulate_ecn(inner, outer)) {
    drop_inbound(core, result, COUNTER_MALFORMED);
    return;
  }
  learn(core, tunnel, inner, carried.length, now_ms);
  tunnel->received_packets += packets;
  tunnel->received_bytes += length + (packets - 1) * carried.start;
  tunnel->last_received_ms = now_ms;
  clamp_tcp_mss(inner, carried.length, inner_mtu(tunnel), pending);
  result->verdict = VERDICT_DELIVER;
  result->tunnel = tunnel;
  result->inner = inner;
  result->length = carried.length;
}

static void take_fragment(struct core *core, const uint8_t *outer, size_t length, uint64_t now_ms,
                          struct inbound *result) {
  uint8_t addresses[32];
  outer_addresses(outer, addresses);
  if (!core->table || !table_has_tunnel_at(core->table, addresses)) {
    drop_inbound(core, result, COUNTER_UNKNOWN_TUNNEL);
    return;
  }
  size_t whole_bytes = 0;
  switch (reassembly_add(&core->reassembly, outer, length, now_ms, &whole_bytes)) {
    case REASSEMBLED_NOTHING:
      drop_inbound(core, result, COUNTER_MALFORMED);
      break;
    case REASSEMBLED_HELD:
      result->verdict = VERDICT_HOLD;
      break;
    case REASSEMBLED_WHOLE:
      result->reassembled = true;
      take_whole(core, core->reassembly.whole, whole_bytes, 1, false, now_ms, result);
      break;
  }
}

void core_inbound(struct core *core, uint8_t *outer, size_t length, size_t packets, bool pending, uint64_t now_ms,
                  struct inbound *result) {
  core->counters[COUNTER_INBOUND_PACKETS] += packets;
  flow_cache_expire(&core->flows, now_ms);
  length = whole_length(outer, length);
  result->reassembled = false;
  if (length == 0) drop_inbound(core, result, COUNTER_MALFORMED);
  else if (is_fragment(outer)) take_fragment(core, outer, length, now_ms, result);
  else take_whole(core, outer, length, packets, pending, now_ms, result);
}
