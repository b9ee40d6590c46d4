/*
 * Which tunnel each flow uses, bounded and in order of last use, and the choice of a tunnel for a new flow; the same
 * as src/forwarding/{flow-cache,flow-hash}.ts.
 */
#ifndef MONAMI_FORWARDER_FLOW_H
#define MONAMI_FORWARDER_FLOW_H

#include "packet.h"
#include "table.h"

#define FLOW_CAPACITY 65536u
#define FLOW_IDLE_MS 120000u

struct flow {
  struct flow_key key;
  uint32_t hash; /* the same on every machine: tunnel choice and outer flow label */
  uint32_t tunnel_id;
  struct tunnel *tunnel; /* good as long as `generation` is the cache's */
  uint32_t generation;
  uint32_t bucket_next, older, newer; /* place + 1; 0: none */
  uint64_t last_used_ms;
};

struct flow_cache {
  struct flow *flows; /* grows into its memory from the start: what is not used is never touched */
  uint32_t *buckets;
  uint32_t bucket_mask, capacity, used, free_list, size, oldest, newest;
  uint32_t generation; /* counts the tables */
};

bool flow_cache_create(struct flow_cache *cache, uint32_t capacity);
void flow_cache_destroy(struct flow_cache *cache);

/* Forgets flows idle for FLOW_IDLE_MS. */
void flow_cache_expire(struct flow_cache *cache, uint64_t now_ms);

struct flow *flow_cache_find(const struct flow_cache *cache, const struct flow_key *key);

/* Notes that a flow (`known`, or a new one if NULL) has used a tunnel now; returns it. */
struct flow *flow_cache_use(struct flow_cache *cache, struct flow *known, const struct flow_key *key,
                            struct tunnel *tunnel, uint64_t now_ms);

uint32_t flow_hash(const struct flow_key *key);

/* A usable tunnel of the group by its mode, or NULL. */
struct tunnel *choose_tunnel(const struct table *table, const struct group *group, uint32_t hash);

/* The tunnel with this id if it is usable and the group's, or NULL. */
struct tunnel *usable_tunnel_of(const struct table *table, const struct group *group, uint32_t id);

#endif
