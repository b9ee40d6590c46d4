#include "flow.h"

#include <stdlib.h>

#include "bytes.h"
#include "index.h"

#define FRACTION_BITS 16
#define DRAW_BITS 24

bool flow_cache_create(struct flow_cache *cache, uint32_t capacity) {
  *cache = (struct flow_cache){.capacity = capacity};
  uint32_t buckets = 16;
  while (buckets < capacity) buckets *= 2;
  cache->bucket_mask = buckets - 1;
  cache->flows = calloc(capacity, sizeof *cache->flows);
  cache->buckets = calloc(buckets, sizeof *cache->buckets);
  if (cache->flows && cache->buckets) return true;
  flow_cache_destroy(cache);
  return false;
}

void flow_cache_destroy(struct flow_cache *cache) {
  free(cache->flows);
  free(cache->buckets);
}

static bool same_key(const struct flow_key *a, const struct flow_key *b) {
  uint64_t difference = 0;
  for (size_t at = 0; at < FLOW_KEY_BYTES; at += 8) difference |= raw64(a->bytes + at) ^ raw64(b->bytes + at);
  return difference == 0;
}

static uint32_t *bucket_of(const struct flow_cache *cache, const struct flow_key *key) {
  return &cache->buckets[(uint32_t)(hash_bytes(key->bytes, FLOW_KEY_BYTES, 0) >> 32) & cache->bucket_mask];
}

struct flow *flow_cache_find(const struct flow_cache *cache, const struct flow_key *key) {
  for (uint32_t place = *bucket_of(cache, key); place != 0; place = cache->flows[place - 1].bucket_next)
    if (same_key(&cache->flows[place - 1].key, key)) return &cache->flows[place - 1];
  return NULL;
}

static void unlink_age(struct flow_cache *cache, struct flow *flow) {
  if (flow->older) cache->flows[flow->older - 1].newer = flow->newer;
  else cache->oldest = flow->newer;
  if (flow->newer) cache->flows[flow->newer - 1].older = flow->older;
  else cache->newest = flow->older;
}

static void link_newest(struct flow_cache *cache, struct flow *flow) {
  uint32_t place = (uint32_t)(flow - cache->flows) + 1;
  flow->older = cache->newest;
  flow->newer = 0;
  if (cache->newest) cache->flows[cache->newest - 1].newer = place;
  else cache->oldest = place;
  cache->newest = place;
}

static void forget_oldest(struct flow_cache *cache) {
  uint32_t place = cache->oldest;
  struct flow *flow = &cache->flows[place - 1];
  uint32_t *link = bucket_of(cache, &flow->key);
  while (*link != place) link = &cache->flows[*link - 1].bucket_next;
  *link = flow->bucket_next;
  unlink_age(cache, flow);
  flow->bucket_next = cache->free_list;
  cache->free_list = place;
  cache->size--;
}

void flow_cache_expire(struct flow_cache *cache, uint64_t now_ms) {
  while (cache->oldest && cache->flows[cache->oldest - 1].last_used_ms + FLOW_IDLE_MS <= now_ms) forget_oldest(cache);
}

static struct flow *add_flow(struct flow_cache *cache, const struct flow_key *key) {
  if (cache->size >= cache->capacity) forget_oldest(cache);
  uint32_t place = cache->free_list;
  if (place) cache->free_list = cache->flows[place - 1].bucket_next;
  else place = ++cache->used;
  struct flow *flow = &cache->flows[place - 1];
  uint32_t *bucket = bucket_of(cache, key);
  *flow = (struct flow){.key = *key, .hash = flow_hash(key), .bucket_next = *bucket};
  *bucket = place;
  link_newest(cache, flow);
  cache->size++;
  return flow;
}

struct flow *flow_cache_use(struct flow_cache *cache, struct flow *known, const struct flow_key *key,
                            struct tunnel *tunnel, uint64_t now_ms) {
  struct flow *flow = known;
  if (!flow) {
    flow = add_flow(cache, key);
  } else if (flow->newer) {
    unlink_age(cache, flow);
    link_newest(cache, flow);
  }
  flow->last_used_ms = now_ms;
  flow->tunnel = tunnel;
  flow->tunnel_id = tunnel->id;
  flow->generation = cache->generation;
  return flow;
}

static uint32_t mix32(uint32_t value) {
  value = (value ^ value >> 16) * 0x7feb352du;
  value = (value ^ value >> 15) * 0x846ca68bu;
  return value ^ value >> 16;
}

uint32_t flow_hash(const struct flow_key *key) {
  uint32_t hash = 0;
  for (size_t at = 0; at < FLOW_KEY_BYTES; at += 4) hash = mix32(hash * 0x9e3779b1u + load32(key->bytes + at));
  return hash;
}

/* log2 of 1 to 2^24, in 1/65536, rounded down; integers alone, so that every machine finds the same. */
static uint32_t log2_fixed(uint32_t value) {
  uint32_t exponent = 31u - (uint32_t)__builtin_clz(value);
  uint64_t mantissa = ((uint64_t)value << FRACTION_BITS) >> exponent;
  uint32_t result = exponent << FRACTION_BITS;
  for (uint32_t bit = 1u << (FRACTION_BITS - 1); bit; bit >>= 1) {
    mantissa = mantissa * mantissa >> FRACTION_BITS;
    if (mantissa >= 2u << FRACTION_BITS) {
      mantissa >>= 1;
      result += bit;
    }
  }
  return result;
}

/* Weighted rendezvous hashing: a tunnel gets flows by its weight, and when one goes, only its flows move. */
static struct tunnel *pick_by_weight(const struct group *group, uint32_t hash) {
  struct tunnel *best = NULL;
  uint64_t best_cost = 0;
  for (size_t i = 0; i < group->tunnel_count; i++) {
    struct tunnel *tunnel = group->tunnels[i];
    if (!tunnel->usable) continue;
    uint32_t draw = (mix32(hash ^ mix32(tunnel->id)) >> (32 - DRAW_BITS)) + 1;
    uint64_t cost = ((uint64_t)DRAW_BITS << FRACTION_BITS) - log2_fixed(draw);
    if (best && cost * best->weight >= best_cost * tunnel->weight) continue;
    best = tunnel;
    best_cost = cost;
  }
  return best;
}

struct tunnel *usable_tunnel_of(const struct table *table, const struct group *group, uint32_t id) {
  struct tunnel *tunnel = id ? table_tunnel(table, id) : NULL;
  return tunnel && tunnel->usable && tunnel->group == group ? tunnel : NULL;
}

struct tunnel *choose_tunnel(const struct table *table, const struct group *group, uint32_t hash) {
  if (group->mode == MODE_BALANCE) return pick_by_weight(group, hash);
  if (group->mode == MODE_FOLLOW) {
    struct tunnel *confirmed = usable_tunnel_of(table, group, group->confirmed_id);
    if (confirmed) return confirmed;
  }
  for (size_t i = 0; i < group->tunnel_count; i++)
    if (group->tunnels[i]->usable) return group->tunnels[i];
  return NULL;
}
