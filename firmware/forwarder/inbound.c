/* From the tunnels to the TUN. */
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "datapath.h"

#define TCP_HEADER_BYTES 20u

/* How many packets the far end sent that the kernel has joined into this one. */
static size_t packets_in(const struct frame *frame) {
  const struct virtio_net_hdr *offload = &frame->offload;
  if (offload->gso_type == VIRTIO_NET_HDR_GSO_NONE || offload->gso_size == 0) return 1;
  size_t headers = offload->csum_start + UDP_HEADER_BYTES;
  uint8_t type = offload->gso_type & ~VIRTIO_NET_HDR_GSO_ECN;
  if (type == VIRTIO_NET_HDR_GSO_TCPV6 || type == VIRTIO_NET_HDR_GSO_TCPV4) {
    if (offload->csum_start + (size_t)TCP_HEADER_BYTES > frame->length) return 1;
    headers = offload->csum_start + (frame->packet[offload->csum_start + 12] >> 4) * 4u;
  }
  if (headers >= frame->length) return 1;
  return (frame->length - headers + offload->gso_size - 1) / offload->gso_size;
}

static void drop_malformed(struct datapath *datapath) {
  datapath->core.counters[COUNTER_INBOUND_PACKETS]++;
  datapath->core.counters[COUNTER_MALFORMED]++;
}

/* Cuts a packet that the TUN does not take as it is; done at once, as its memory is not the batch's. */
static void deliver_segments(struct datapath *datapath, const uint8_t *packet, size_t length,
                             const struct virtio_net_hdr *offload) {
  struct segmentation plan;
  struct virtio_net_hdr plain = {0};
  uint8_t headers[LARGEST_HEADERS_BYTES];
  if (!plan_segments(packet, length, offload, &plan)) {
    datapath->core.counters[COUNTER_DELIVER_ERRORS]++;
    return;
  }
  for (size_t i = 0; i < plan.burst.count; i++) {
    struct segment segment = cut_segment(packet, &plan, i, headers);
    struct iovec vectors[3] = {{&plain, sizeof plain},
                               {headers, plan.headers},
                               {(void *)(uintptr_t)segment.payload, segment.length}};
    if (writev(datapath->tun.descriptor, vectors, 3) < 0) datapath->core.counters[COUNTER_DELIVER_ERRORS]++;
  }
}

static void take(struct datapath *datapath, struct frame *frame, uint64_t now_ms) {
  struct virtio_net_hdr *offload = &frame->offload;
  bool pending = offload->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
  struct inbound result;
  core_inbound(&datapath->core, frame->packet, frame->length, packets_in(frame), pending, now_ms, &result);
  if (result.verdict != VERDICT_DELIVER) return;
  if (result.reassembled) {
    /* The batch has more room for each packet than is ever put together. */
    memcpy(frame->packet, result.inner, result.length);
    coalescer_add(&datapath->coalescer, frame->packet, result.length);
    return;
  }
  if (offload->gso_type == VIRTIO_NET_HDR_GSO_NONE && !pending) {
    coalescer_add(&datapath->coalescer, result.inner, result.length);
    return;
  }
  size_t stripped = (size_t)(result.inner - frame->packet);
  if (pending && offload->csum_start < stripped + ip_header_bytes(result.inner)) {
    datapath->core.counters[COUNTER_DELIVER_ERRORS]++;
    return;
  }
  offload->flags &= VIRTIO_NET_HDR_F_NEEDS_CSUM;
  offload->csum_start = (uint16_t)(pending ? offload->csum_start - stripped : 0);
  offload->hdr_len = (uint16_t)(offload->hdr_len > stripped ? offload->hdr_len - stripped : 0);
  if (offload->gso_type == VIRTIO_NET_HDR_GSO_UDP_L4 && !datapath->tun.udp_segmentation)
    deliver_segments(datapath, result.inner, result.length, offload);
  else
    coalescer_add_offloaded(&datapath->coalescer, result.inner, result.length, offload);
}

static void deliver(struct datapath *datapath) {
  struct coalescer *coalescer = &datapath->coalescer;
  struct iovec vectors[BATCH_PACKETS + 1];
  for (uint16_t i = 0; i < coalescer->joined_count; i++) {
    struct joined *joined = &coalescer->joined[i];
    int count = (int)joined_finish(coalescer, joined, vectors);
    if (writev(datapath->tun.descriptor, vectors, count) < 0)
      datapath->core.counters[COUNTER_DELIVER_ERRORS] += joined->count;
  }
}

void datapath_inbound(struct datapath *datapath, struct ingress *ingress, uint64_t now_ms) {
  unsigned count = ingress_receive(ingress, &datapath->batch);
  coalescer_start(&datapath->coalescer, datapath->tun.udp_segmentation);
  for (unsigned i = 0; i < count; i++) {
    struct frame frame;
    if (receive_batch_frame(&datapath->batch, ingress, i, &frame)) take(datapath, &frame, now_ms);
    else drop_malformed(datapath);
  }
  deliver(datapath);
}
