/* A hash index over the places 0..n-1 of an array: open addressing, filled once, then only read. */
#ifndef MONAMI_FORWARDER_INDEX_H
#define MONAMI_FORWARDER_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index {
  uint32_t *slots; /* place + 1; 0: empty */
  uint32_t mask;
};

/* False if there is no memory. */
bool index_create(struct index *index, size_t entries);
void index_destroy(struct index *index);

/* The first slot to look at, the next one, and what is in it: -1 for nothing. */
static inline uint32_t index_first(const struct index *index, uint64_t hash) {
  return (uint32_t)(hash >> 32) & index->mask;
}
static inline uint32_t index_next(const struct index *index, uint32_t slot) { return (slot + 1) & index->mask; }
static inline int64_t index_at(const struct index *index, uint32_t slot) { return (int64_t)index->slots[slot] - 1; }
static inline void index_put(struct index *index, uint32_t slot, size_t place) {
  index->slots[slot] = (uint32_t)place + 1;
}

/* Hashes whose seed is drawn once per process, so that no far end can aim at one slot. */
uint64_t hash_bytes(const uint8_t *bytes, size_t length, uint64_t salt); /* length: a multiple of 8 */
uint64_t hash_number(uint64_t number);

#endif
