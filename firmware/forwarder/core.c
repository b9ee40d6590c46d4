#include "core.h"

bool core_create(struct core *core, uint32_t flow_capacity, uint32_t first_identification) {
  core->table = NULL;
  core->next_identification = first_identification;
  core->reply_length = 0;
  for (int i = 0; i < COUNTERS; i++) core->counters[i] = 0;
  icmp_rate_limit_start(&core->icmp_rate_limit);
  return flow_cache_create(&core->flows, flow_capacity);
}

void core_destroy(struct core *core) {
  flow_cache_destroy(&core->flows);
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
  if (!icmp_may_answer(error, packet, length) || !icmp_rate_limit_take(&core->icmp_rate_limit, now_ms)) {
    drop_outbound(core, result, COUNTER_ICMP_SUPPRESSED);
    return;
  }
  core->counters[error == ICMP_PACKET_TOO_BIG ? COUNTER_PACKET_TOO_BIG : COUNTER_HOP_LIMIT_EXCEEDED]++;
  core->reply_length = icmp_build(error, mtu, packet, length, core->table->icmp_source, core->reply);
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
  packet[IPV6_HOP_LIMIT]--;
  clamp_tcp_mss(packet, length, inner_mtu(tunnel), false);
  outer_header(tunnel, flow->hash, packet, length, result->outer);
  result->verdict = VERDICT_SEND;
  result->tunnel = tunnel;
  result->length = length;
  if (burst->largest <= inner_mtu(tunnel)) {
    tunnel->sent_packets += burst->count;
    tunnel->sent_bytes += burst->octets + burst->count * IPV6_HEADER_BYTES;
    return;
  }
  outer_fragment_headers(tunnel, result->outer, length, core->next_identification++, &result->fragments);
  tunnel->sent_packets += 2;
  tunnel->sent_bytes += length + 2 * (IPV6_HEADER_BYTES + FRAGMENT_HEADER_BYTES);
  result->verdict = VERDICT_SEND_FRAGMENTS;
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
  length = ipv6_whole_length(packet, length);
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
    group = table_group_of(table, packet + (table->side == SIDE_MOBILE_ROUTER ? IPV6_SOURCE : IPV6_DESTINATION));
    if (!group) {
      drop_outbound(core, result, COUNTER_NO_ROUTE);
      return;
    }
  }
  if (packet[IPV6_HOP_LIMIT] <= 1) {
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
  if (!burst) burst = &plain;
  if (burst->largest > inner_mtu(tunnel) && burst->largest > IPV6_MINIMUM_MTU_BYTES) {
    uint32_t mtu = (uint32_t)inner_mtu(tunnel);
    if (mtu < IPV6_MINIMUM_MTU_BYTES) mtu = IPV6_MINIMUM_MTU_BYTES;
    answer(core, ICMP_PACKET_TOO_BIG, mtu, packet, length, now_ms, result);
    return;
  }
  if (burst->largest > inner_mtu(tunnel) && burst->count > 1) {
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

void core_inbound(struct core *core, uint8_t *outer, size_t length, size_t packets, bool pending, uint64_t now_ms,
                  struct inbound *result) {
  const struct table *table = core->table;
  core->counters[COUNTER_INBOUND_PACKETS] += packets;
  flow_cache_expire(&core->flows, now_ms);
  length = ipv6_whole_length(outer, length);
  size_t inner_length = 0;
  size_t start = length ? find_inner(outer, length, &inner_length) : 0;
  if (start == 0) {
    drop_inbound(core, result, COUNTER_MALFORMED);
    return;
  }
  if (!table) {
    drop_inbound(core, result, COUNTER_UNKNOWN_TUNNEL);
    return;
  }
  uint8_t *inner = outer + start;
  const uint8_t *owned = inner + (table->side == SIDE_MOBILE_ROUTER ? IPV6_DESTINATION : IPV6_SOURCE);
  struct tunnel *tunnel = table_tunnel_from(table, outer + IPV6_SOURCE, table_group_of(table, owned));
  if (!tunnel || !may_leave_link(inner)) {
    bool known = table_has_tunnel_from(table, outer + IPV6_SOURCE);
    drop_inbound(core, result, known ? COUNTER_WRONG_INNER_ADDRESS : COUNTER_UNKNOWN_TUNNEL);
    return;
  }
  if (!decapsulate_ecn(inner, outer)) {
    drop_inbound(core, result, COUNTER_MALFORMED);
    return;
  }
  learn(core, tunnel, inner, inner_length, now_ms);
  tunnel->received_packets += packets;
  tunnel->received_bytes += length + (packets - 1) * start;
  tunnel->last_received_ms = now_ms;
  clamp_tcp_mss(inner, inner_length, inner_mtu(tunnel), pending);
  result->verdict = VERDICT_DELIVER;
  result->tunnel = tunnel;
  result->inner = inner;
  result->length = inner_length;
}
