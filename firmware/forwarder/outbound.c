/* From the TUN into the tunnels. */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "checksum.h"
#include "datapath.h"

#define VIRTIO_HEADER_BYTES sizeof(struct virtio_net_hdr)
#define PACKETS_PER_TURN 256u

static void flush(struct datapath *datapath) {
  const struct table *table = datapath->core.table;
  for (size_t i = 0; table && i < table->egress_count; i++)
    if (table->egresses[i]->queued) datapath->core.counters[COUNTER_SEND_ERRORS] += egress_flush(table->egresses[i]);
}

static struct egress *egress_with_room(struct datapath *datapath, struct tunnel *tunnel) {
  struct egress *egress = tunnel->egress;
  if (egress_is_full(egress)) datapath->core.counters[COUNTER_SEND_ERRORS] += egress_flush(egress);
  return egress;
}

static void reply(struct datapath *datapath) {
  struct virtio_net_hdr plain = {0};
  struct iovec vectors[2] = {{&plain, sizeof plain}, {datapath->core.reply, datapath->core.reply_length}};
  if (writev(datapath->tun.descriptor, vectors, 2) < 0) datapath->core.counters[COUNTER_DELIVER_ERRORS]++;
}

static void send_fragments(struct datapath *datapath, const struct outbound *result, const uint8_t *packet) {
  const struct outer_fragments *fragments = &result->fragments;
  for (unsigned i = 0; i < fragments->count; i++) {
    struct egress *egress = egress_with_room(datapath, result->tunnel);
    size_t header_bytes = fragments->pieces[i].header_bytes;
    memcpy(egress_headers(egress), fragments->pieces[i].header, header_bytes);
    egress_add_with_headers(egress, result->tunnel, header_bytes, packet + fragments->pieces[i].start,
                            fragments->pieces[i].length);
  }
}

static void send_inner_fragments(struct datapath *datapath, const struct outbound *result, const uint8_t *packet) {
  const struct ipv4_fragmentation *plan = &result->inner_fragments;
  struct tunnel *tunnel = result->tunnel;
  for (size_t i = 0; i < plan->count; i++) {
    struct egress *egress = egress_with_room(datapath, tunnel);
    uint8_t *headers = egress_headers(egress);
    struct segment piece = ipv4_cut_fragment(packet, result->length, plan, i, headers + tunnel->overhead);
    memcpy(headers, result->outer, tunnel->overhead);
    outer_header_resize(tunnel, headers, plan->header + piece.length);
    egress_add_with_headers(egress, tunnel, tunnel->overhead + plan->header, piece.payload, piece.length);
  }
}

static void send_segments(struct datapath *datapath, const struct outbound *result, const uint8_t *packet,
                          const struct segmentation *plan) {
  struct tunnel *tunnel = result->tunnel;
  for (size_t i = 0; i < plan->burst.count; i++) {
    struct egress *egress = egress_with_room(datapath, tunnel);
    uint8_t *headers = egress_headers(egress);
    struct segment segment = cut_segment(packet, plan, i, headers + tunnel->overhead);
    memcpy(headers, result->outer, tunnel->overhead);
    outer_header_resize(tunnel, headers, plan->headers + segment.length);
    egress_add_with_headers(egress, tunnel, tunnel->overhead + plan->headers, segment.payload, segment.length);
  }
}

static void forward_plain(struct datapath *datapath, uint8_t *packet, size_t length, uint64_t now_ms) {
  struct outbound result;
  core_outbound(&datapath->core, packet, length, NULL, now_ms, &result);
  switch (result.verdict) {
    case VERDICT_SEND:
      egress_add(egress_with_room(datapath, result.tunnel), result.tunnel, result.outer,
                 result.tunnel->overhead + result.length);
      break;
    case VERDICT_SEND_FRAGMENTS:
      send_fragments(datapath, &result, packet);
      break;
    case VERDICT_SEND_INNER_FRAGMENTS:
      send_inner_fragments(datapath, &result, packet);
      break;
    case VERDICT_REPLY:
      reply(datapath);
      break;
    default:
      break;
  }
}

/* The rare way: each packet of the burst is fragmented, so each is built and sent alone. */
static void forward_one_by_one(struct datapath *datapath, const uint8_t *packet, const struct segmentation *plan,
                               uint64_t now_ms) {
  uint8_t *room = datapath->spare + HEADROOM_BYTES;
  for (size_t i = 0; i < plan->burst.count; i++) {
    struct segment segment = cut_segment(packet, plan, i, room);
    memcpy(room + plan->headers, segment.payload, segment.length);
    forward_plain(datapath, room, plan->headers + segment.length, now_ms);
    flush(datapath);
  }
}

static void forward_burst(struct datapath *datapath, uint8_t *packet, size_t length,
                          const struct virtio_net_hdr *offload, uint64_t now_ms) {
  struct segmentation plan;
  if (!plan_segments(packet, length, offload, &plan)) {
    datapath->core.counters[COUNTER_OUTBOUND_PACKETS]++;
    datapath->core.counters[COUNTER_MALFORMED]++;
    return;
  }
  struct outbound result;
  core_outbound(&datapath->core, packet, length, &plan.burst, now_ms, &result);
  if (result.verdict == VERDICT_SEND) send_segments(datapath, &result, packet, &plan);
  else if (result.verdict == VERDICT_SPLIT) forward_one_by_one(datapath, packet, &plan, now_ms);
  else if (result.verdict == VERDICT_REPLY) reply(datapath);
}

static void forward(struct datapath *datapath, uint8_t *packet, size_t length, const struct virtio_net_hdr *offload,
                    uint64_t now_ms) {
  if (offload->gso_type != VIRTIO_NET_HDR_GSO_NONE) {
    forward_burst(datapath, packet, length, offload, now_ms);
    return;
  }
  if (offload->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
    complete_checksum(packet, length, offload->csum_start, offload->csum_offset);
  forward_plain(datapath, packet, length, now_ms);
}

bool datapath_outbound(struct datapath *datapath, uint64_t now_ms) {
  bool alive = true;
  datapath->arena_used = 0;
  for (unsigned packets = 0; packets < PACKETS_PER_TURN; packets++) {
    if (ARENA_BYTES - datapath->arena_used < HEADROOM_BYTES + LARGEST_PACKET_BYTES) {
      flush(datapath);
      datapath->arena_used = 0;
    }
    uint8_t *packet = datapath->arena + datapath->arena_used + HEADROOM_BYTES;
    ssize_t got = read(datapath->tun.descriptor, packet - VIRTIO_HEADER_BYTES,
                       VIRTIO_HEADER_BYTES + LARGEST_PACKET_BYTES);
    if (got < (ssize_t)VIRTIO_HEADER_BYTES) {
      alive = got >= 0 || errno != EBADFD;
      break;
    }
    struct virtio_net_hdr offload;
    memcpy(&offload, packet - VIRTIO_HEADER_BYTES, sizeof offload);
    size_t length = (size_t)got - VIRTIO_HEADER_BYTES;
    datapath->arena_used += (HEADROOM_BYTES + length + 63) & ~(size_t)63;
    forward(datapath, packet, length, &offload, now_ms);
  }
  flush(datapath);
  return alive;
}
