#include "index.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "bytes.h"

static uint64_t seed;
static pthread_once_t seeded = PTHREAD_ONCE_INIT;

static void draw_seed(void) {
  if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    seed = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u;
  }
}

bool index_create(struct index *index, size_t entries) {
  pthread_once(&seeded, draw_seed);
  size_t size = 8;
  while (size < entries * 2) size *= 2;
  index->slots = calloc(size, sizeof *index->slots);
  index->mask = (uint32_t)(size - 1);
  return index->slots != NULL;
}

void index_destroy(struct index *index) { free(index->slots); }

static uint64_t mix64(uint64_t hash) {
  hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
  return hash ^ hash >> 32;
}

uint64_t hash_bytes(const uint8_t *bytes, size_t length, uint64_t salt) {
  uint64_t hash = seed + salt;
  for (size_t at = 0; at < length; at += 8) hash = mix64(hash ^ raw64(bytes + at)) * 0x9e3779b97f4a7c15u;
  return mix64(hash);
}

uint64_t hash_number(uint64_t number) { return mix64((number ^ seed) * 0x9e3779b97f4a7c15u) * 0xd6e8feb86659fd93u; }
