#include "reassemble.h"

#include <stdlib.h>

#include "bytes.h"
#include "decapsulate.h"
#include "index.h"
#include "ipv4.h"

#define CE 3
#define FAMILY_AT 39
#define ADDRESSES_BYTES 32

struct outer_piece {
  uint8_t key[40];
  uint8_t protocol;
  size_t header_bytes, start, length;
  bool more;
  const uint8_t *payload;
};

bool reassembly_create(struct reassembly *reassembly) {
  reassembly->next_age = 0;
  reassembly->waiting = calloc(REASSEMBLY_PACKETS, sizeof *reassembly->waiting);
  return reassembly->waiting != NULL;
}

void reassembly_destroy(struct reassembly *reassembly) { free(reassembly->waiting); }

bool is_fragment(const uint8_t *outer) {
  if (!is_ipv4(outer)) return outer[IPV6_NEXT_HEADER] == PROTOCOL_FRAGMENT;
  return load16(outer + IPV4_FRAGMENT_FIELD) & (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET);
}

static bool parse_fragment(const uint8_t *outer, size_t length, struct outer_piece *fragment) {
  bool ipv4 = is_ipv4(outer);
  size_t header_bytes = ip_header_bytes(outer), start = header_bytes + (ipv4 ? 0 : FRAGMENT_HEADER_BYTES);
  *fragment = (struct outer_piece){.header_bytes = header_bytes};
  if (length <= start) return false;
  unsigned field = load16(outer + (ipv4 ? IPV4_FRAGMENT_FIELD : IPV6_HEADER_BYTES + 2));
  fragment->protocol = outer[ipv4 ? IPV4_PROTOCOL : IPV6_HEADER_BYTES];
  fragment->more = field & (ipv4 ? IPV4_MORE_FRAGMENTS : 1);
  fragment->start = ipv4 ? (size_t)(field & IPV4_FRAGMENT_OFFSET) * 8 : field & ~7u;
  fragment->payload = outer + start;
  fragment->length = length - start;
  if ((fragment->more && fragment->length % 8 != 0) || fragment->start + fragment->length > REASSEMBLY_BYTES)
    return false;
  memcpy(fragment->key, outer + (ipv4 ? IPV4_SOURCE : IPV6_SOURCE), ipv4 ? 8 : ADDRESSES_BYTES);
  if (ipv4) memcpy(fragment->key + ADDRESSES_BYTES, outer + IPV4_IDENTIFICATION, 2);
  else memcpy(fragment->key + ADDRESSES_BYTES, outer + IPV6_HEADER_BYTES + 4, 4);
  fragment->key[FAMILY_AT - 1] = fragment->protocol;
  fragment->key[FAMILY_AT] = ipv4;
  return true;
}

/* Of the pair of addresses that has the most places, the oldest packet gives up its own. */
static struct waiting *make_room(struct reassembly *reassembly) {
  struct waiting *victim = NULL;
  unsigned most = 0;
  for (unsigned i = 0; i < REASSEMBLY_PACKETS; i++) {
    struct waiting *candidate = &reassembly->waiting[i];
    unsigned count = 0;
    for (unsigned j = 0; j < REASSEMBLY_PACKETS; j++) count += reassembly->waiting[j].pair == candidate->pair;
    if (count > most || (count == most && candidate->age < victim->age)) {
      most = count;
      victim = candidate;
    }
  }
  return victim;
}

/* The packet that a fragment belongs to: one that is waited for, or a new one. */
static struct waiting *place_for(struct reassembly *reassembly, const struct outer_piece *fragment, uint64_t now_ms) {
  struct waiting *place = NULL;
  for (unsigned i = 0; i < REASSEMBLY_PACKETS; i++) {
    struct waiting *waiting = &reassembly->waiting[i];
    if (waiting->used && waiting->since_ms + REASSEMBLY_MS <= now_ms) waiting->used = false;
    if (waiting->used && memcmp(waiting->key, fragment->key, sizeof waiting->key) == 0) return waiting;
    if (!waiting->used) place = waiting;
  }
  if (!place) place = make_room(reassembly);
  /* All but the octets, which are only read once they are there. */
  memset(place, 0, offsetof(struct waiting, header));
  place->used = true;
  memcpy(place->key, fragment->key, sizeof place->key);
  place->pair = hash_bytes(fragment->key, ADDRESSES_BYTES, fragment->key[FAMILY_AT]);
  place->since_ms = now_ms;
  place->age = reassembly->next_age++;
  return place;
}

static bool is_present(const struct waiting *waiting, size_t unit) {
  return waiting->present[unit / 64] >> unit % 64 & 1;
}

/* Overlapping fragments are somebody's attack (RFC 5722 §4). */
static bool fits(const struct waiting *waiting, const struct outer_piece *fragment) {
  size_t end = fragment->start + fragment->length;
  if (waiting->bytes && (end > waiting->bytes || !fragment->more)) return false;
  size_t last = fragment->more ? (end + 7) / 8 : REASSEMBLY_BYTES / 8;
  for (size_t unit = fragment->start / 8; unit < last; unit++)
    if (is_present(waiting, unit)) return false;
  return true;
}

static void keep(struct waiting *waiting, const uint8_t *outer, const struct outer_piece *fragment) {
  size_t end = fragment->start + fragment->length;
  memcpy(waiting->octets + fragment->start, fragment->payload, fragment->length);
  for (size_t unit = fragment->start / 8; unit < (end + 7) / 8; unit++, waiting->units++)
    waiting->present[unit / 64] |= UINT64_C(1) << unit % 64;
  waiting->ecn |= (uint8_t)(1 << (traffic_class_of(outer) & 3));
  if (!fragment->more) waiting->bytes = end;
  if (fragment->start != 0) return;
  waiting->header_bytes = fragment->header_bytes;
  memcpy(waiting->header, outer, fragment->header_bytes);
  if (is_ipv4(outer)) store16(waiting->header + IPV4_FRAGMENT_FIELD, 0);
  else waiting->header[IPV6_NEXT_HEADER] = fragment->protocol;
}

/* RFC 3168 §5.3: a mark on one of the fragments is one on the packet. */
static enum reassembled complete(struct reassembly *reassembly, struct waiting *waiting, size_t *whole_bytes) {
  bool is_marked = waiting->ecn >> CE & 1;
  waiting->used = false;
  if (is_marked && (waiting->ecn & 1)) return REASSEMBLED_NOTHING;
  uint8_t *whole = reassembly->whole;
  memcpy(whole, waiting->header, waiting->header_bytes);
  memcpy(whole + waiting->header_bytes, waiting->octets, waiting->bytes);
  *whole_bytes = waiting->header_bytes + waiting->bytes;
  if (is_ipv4(whole)) {
    store16(whole + 2, (uint16_t)*whole_bytes);
    if (is_marked) whole[1] |= CE;
    ipv4_set_checksum(whole);
  } else {
    store16(whole + 4, (uint16_t)waiting->bytes);
    if (is_marked) whole[1] |= CE << 4;
  }
  return REASSEMBLED_WHOLE;
}

enum reassembled reassembly_add(struct reassembly *reassembly, const uint8_t *outer, size_t length, uint64_t now_ms,
                                size_t *whole_bytes) {
  struct outer_piece fragment;
  if (!parse_fragment(outer, length, &fragment)) return REASSEMBLED_NOTHING;
  struct waiting *waiting = place_for(reassembly, &fragment, now_ms);
  if (!fits(waiting, &fragment)) {
    waiting->used = false;
    return REASSEMBLED_NOTHING;
  }
  keep(waiting, outer, &fragment);
  if (waiting->bytes == 0 || waiting->units < (waiting->bytes + 7) / 8) return REASSEMBLED_HELD;
  return complete(reassembly, waiting, whole_bytes);
}
