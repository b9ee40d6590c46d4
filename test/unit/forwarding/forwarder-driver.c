/*
 * Runs the native forwarder's core on packets from standard input, without any input or output of its own, so that it
 * can be compared with the reference. Each request and each answer is a length (4 octets, big-endian) and as many
 * octets; what they hold stands at each function. Exits at the end of the input.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../firmware/forwarder/bytes.h"
#include "../../../firmware/forwarder/checksum.h"
#include "../../../firmware/forwarder/coalesce.h"
#include "../../../firmware/forwarder/core.h"

#define LARGEST_REQUEST_BYTES (1u << 23)
#define VIRTIO_HEADER_BYTES 10u
#define HEADROOM_BYTES 64u

static struct core core;
static bool created;

struct answer {
  uint8_t *bytes;
  size_t length, capacity;
};

static void put(struct answer *answer, const void *bytes, size_t length) {
  if (answer->length + length > answer->capacity) {
    answer->capacity = (answer->length + length) * 2;
    answer->bytes = realloc(answer->bytes, answer->capacity);
    if (!answer->bytes) abort();
  }
  if (length) memcpy(answer->bytes + answer->length, bytes, length);
  answer->length += length;
}

static void put32(struct answer *answer, uint32_t value) {
  uint8_t bytes[4];
  store32(bytes, value);
  put(answer, bytes, sizeof bytes);
}

static void put_packet(struct answer *answer, const void *head, size_t head_length, const void *rest, size_t length) {
  put32(answer, (uint32_t)(head_length + length));
  put(answer, head, head_length);
  put(answer, rest, length);
}

static uint64_t load64(const uint8_t *at) { return (uint64_t)load32(at) << 32 | load32(at + 4); }

/* Flow capacity 4, first identification 4. */
static void reset(const uint8_t *at) {
  if (created) core_destroy(&core);
  if (!core_create(&core, load32(at), load32(at + 4))) abort();
  created = true;
}

/* A table; the answer is 0 or an errno. The bytes lie in memory of just their size, so that nothing is read behind. */
static void apply(const uint8_t *at, size_t length, struct answer *answer) {
  uint8_t *copy = malloc(length ? length : 1);
  if (!copy) abort();
  memcpy(copy, at, length);
  struct table *table = table_parse(copy, length);
  put32(answer, table ? 0 : (uint32_t)errno);
  if (table) table_free(core_adopt(&core, table));
  free(copy);
}

static void put_inner_fragments(struct answer *answer, const struct outbound *result, const uint8_t *packet) {
  const struct ipv4_fragmentation *plan = &result->inner_fragments;
  const struct tunnel *tunnel = result->tunnel;
  for (size_t i = 0; i < plan->count; i++) {
    uint8_t headers[LARGEST_OUTER_BYTES + LARGEST_HEADERS_BYTES];
    memcpy(headers, result->outer, tunnel->overhead);
    struct segment piece = ipv4_cut_fragment(packet, result->length, plan, i, headers + tunnel->overhead);
    outer_header_resize(tunnel, headers, plan->header + piece.length);
    put_packet(answer, headers, tunnel->overhead + plan->header, piece.payload, piece.length);
  }
}

/*
 * Time 8 and a packet; answers: kind 4 (enum verdict), reason of a drop 4, tunnel id 4, interface index 4, then
 * packets, each with its length 4.
 */
static void outbound(const uint8_t *at, size_t length, struct answer *answer) {
  size_t packet_bytes = length - 8;
  uint8_t *room = malloc(HEADROOM_BYTES + packet_bytes);
  if (!room) abort();
  uint8_t *packet = room + HEADROOM_BYTES;
  memcpy(packet, at + 8, packet_bytes);
  struct outbound result;
  core_outbound(&core, packet, packet_bytes, NULL, load64(at), &result);
  bool sent = result.verdict == VERDICT_SEND || result.verdict == VERDICT_SEND_FRAGMENTS ||
              result.verdict == VERDICT_SEND_INNER_FRAGMENTS;
  put32(answer, result.verdict);
  put32(answer, result.verdict == VERDICT_DROP ? result.reason : 0);
  put32(answer, sent ? result.tunnel->id : 0);
  put32(answer, sent ? result.tunnel->interface_index : 0);
  const struct outer_fragments *fragments = &result.fragments;
  if (result.verdict == VERDICT_SEND) {
    put_packet(answer, result.outer, result.tunnel->overhead + result.length, NULL, 0);
  } else if (result.verdict == VERDICT_REPLY) {
    put_packet(answer, core.reply, core.reply_length, NULL, 0);
  } else if (result.verdict == VERDICT_SEND_FRAGMENTS) {
    for (unsigned i = 0; i < fragments->count; i++)
      put_packet(answer, fragments->pieces[i].header, fragments->pieces[i].header_bytes,
                 packet + fragments->pieces[i].start, fragments->pieces[i].length);
  } else if (result.verdict == VERDICT_SEND_INNER_FRAGMENTS) {
    put_inner_fragments(answer, &result, packet);
  }
  free(room);
}

static void inbound(const uint8_t *at, size_t length, struct answer *answer) {
  size_t packet_bytes = length - 8;
  uint8_t *packet = malloc(packet_bytes ? packet_bytes : 1);
  if (!packet) abort();
  memcpy(packet, at + 8, packet_bytes);
  struct inbound result;
  core_inbound(&core, packet, packet_bytes, 1, false, load64(at), &result);
  bool delivered = result.verdict == VERDICT_DELIVER;
  put32(answer, result.verdict);
  put32(answer, result.verdict == VERDICT_DROP ? result.reason : 0);
  put32(answer, delivered ? result.tunnel->id : 0);
  put32(answer, 0);
  if (delivered) put_packet(answer, result.inner, result.length, NULL, 0);
  free(packet);
}

/* Time 8; the answer is the counters, 8 octets each. */
static void statistics(const uint8_t *at, struct answer *answer) {
  static double counters[4096];
  size_t count = core_statistics(&core, load64(at), counters, 4096);
  for (size_t i = 0; i < count; i++) {
    put32(answer, (uint32_t)((uint64_t)counters[i] >> 32));
    put32(answer, (uint32_t)counters[i]);
  }
}

static struct virtio_net_hdr load_offload(const uint8_t *at) {
  return (struct virtio_net_hdr){.flags = at[0],
                                 .gso_type = at[1],
                                 .hdr_len = load16(at + 2),
                                 .gso_size = load16(at + 4),
                                 .csum_start = load16(at + 6),
                                 .csum_offset = load16(at + 8)};
}

/* A virtio header (big-endian here) and a packet; the answer is the packets that it is cut into. */
static void cut(const uint8_t *at, size_t length, struct answer *answer) {
  struct virtio_net_hdr offload = load_offload(at);
  size_t packet_bytes = length - VIRTIO_HEADER_BYTES;
  uint8_t *packet = malloc(packet_bytes ? packet_bytes : 1), headers[LARGEST_HEADERS_BYTES];
  if (!packet) abort();
  memcpy(packet, at + VIRTIO_HEADER_BYTES, packet_bytes);
  struct segmentation plan;
  if (plan_segments(packet, packet_bytes, &offload, &plan)) {
    for (size_t i = 0; i < plan.burst.count; i++) {
      struct segment segment = cut_segment(packet, &plan, i, headers);
      put_packet(answer, headers, plan.headers, segment.payload, segment.length);
    }
  }
  free(packet);
}

/* Packets, each with its length 4; the answer is what the TUN gets: virtio header (big-endian here) and packet. */
static void join(const uint8_t *at, size_t length, struct answer *answer) {
  static struct coalescer coalescer;
  struct iovec vectors[BATCH_PACKETS + 1];
  uint8_t *memory[BATCH_PACKETS];
  size_t count = 0;
  coalescer_start(&coalescer, true);
  for (const uint8_t *end = at + length; at < end && count < BATCH_PACKETS; count++) {
    size_t packet_bytes = load32(at);
    memory[count] = malloc(packet_bytes);
    if (!memory[count]) abort();
    memcpy(memory[count], at + 4, packet_bytes);
    coalescer_add(&coalescer, memory[count], packet_bytes);
    at += 4 + packet_bytes;
  }
  for (uint16_t i = 0; i < coalescer.joined_count; i++) {
    struct joined *joined = &coalescer.joined[i];
    size_t parts = joined_finish(&coalescer, joined, vectors);
    uint8_t header[VIRTIO_HEADER_BYTES] = {joined->offload.flags, joined->offload.gso_type};
    store16(header + 2, joined->offload.hdr_len);
    store16(header + 4, joined->offload.gso_size);
    store16(header + 6, joined->offload.csum_start);
    store16(header + 8, joined->offload.csum_offset);
    put32(answer, (uint32_t)(VIRTIO_HEADER_BYTES + joined->total));
    put(answer, header, sizeof header);
    for (size_t part = 1; part < parts; part++) put(answer, vectors[part].iov_base, vectors[part].iov_len);
  }
  for (size_t i = 0; i < count; i++) free(memory[i]);
}

/* A packet whose checksum is still open: start 4, offset 4, packet; the answer is the packet, empty if refused. */
static void complete(const uint8_t *at, size_t length, struct answer *answer) {
  uint8_t *packet = malloc(length);
  if (!packet) abort();
  memcpy(packet, at + 8, length - 8);
  if (complete_checksum(packet, length - 8, load32(at), load32(at + 4))) put(answer, packet, length - 8);
  free(packet);
}

static void handle(const uint8_t *request, size_t length, struct answer *answer) {
  const uint8_t *at = request + 1;
  size_t rest = length - 1;
  switch (request[0]) {
    case 'r':
      reset(at);
      break;
    case 't':
      apply(at, rest, answer);
      break;
    case 'o':
      outbound(at, rest, answer);
      break;
    case 'i':
      inbound(at, rest, answer);
      break;
    case 's':
      statistics(at, answer);
      break;
    case 'c':
      cut(at, rest, answer);
      break;
    case 'j':
      join(at, rest, answer);
      break;
    case 'k':
      complete(at, rest, answer);
      break;
    default:
      abort();
  }
}

int main(void) {
  uint8_t *request = malloc(LARGEST_REQUEST_BYTES), head[4];
  struct answer answer = {0};
  if (!request) return 1;
  while (fread(head, 1, sizeof head, stdin) == sizeof head) {
    size_t length = load32(head);
    if (length == 0 || length > LARGEST_REQUEST_BYTES || fread(request, 1, length, stdin) != length) return 1;
    answer.length = 0;
    handle(request, length, &answer);
    store32(head, (uint32_t)answer.length);
    fwrite(head, 1, sizeof head, stdout);
    if (answer.length) fwrite(answer.bytes, 1, answer.length, stdout);
  }
  if (created) core_destroy(&core);
  free(request);
  free(answer.bytes);
  return fflush(stdout) == 0 ? 0 : 1;
}
