#include "coalesce.h"

#include "bytes.h"
#include "checksum.h"

#define TCP_HEADER_BYTES 20u
#define TCP_SEQUENCE 4
#define TCP_ACKNOWLEDGEMENT 8
#define TCP_DATA_OFFSET 12
#define TCP_FLAGS 13
#define TCP_WINDOW 14
#define TCP_CHECKSUM 16
#define TCP_OPTIONS 20
#define FLAG_PSH 0x08
#define FLAG_ACK 0x10
#define FLAG_ECE 0x40
#define UDP_HEADER_BYTES 8u
#define UDP_LENGTH 4
#define UDP_CHECKSUM 6
#define LARGEST_JOINED_BYTES 65535u

void coalescer_start(struct coalescer *coalescer, bool udp) {
  coalescer->udp = udp;
  coalescer->joined_count = 0;
  coalescer->part_count = 0;
  memset(coalescer->latest, 0, sizeof coalescer->latest);
}

static struct joined *add_lone(struct coalescer *coalescer, uint8_t *packet, size_t length) {
  struct joined *joined = &coalescer->joined[coalescer->joined_count++];
  *joined = (struct joined){.packet = packet, .length = length, .total = length, .count = 1};
  return joined;
}

void coalescer_add_offloaded(struct coalescer *coalescer, uint8_t *packet, size_t length,
                             const struct virtio_net_hdr *offload) {
  add_lone(coalescer, packet, length)->offload = *offload;
}

/* Where packets of this flow were put last. */
static uint16_t *latest_of(struct coalescer *coalescer, const uint8_t *packet) {
  uint64_t hash = raw64(packet + 16) ^ raw64(packet + 32) * 3 ^ (uint64_t)load32(packet + IPV6_HEADER_BYTES) << 17;
  return &coalescer->latest[hash * 0x9e3779b97f4a7c15u >> 58];
}

static bool same_flow(const uint8_t *a, const uint8_t *b) {
  return a[IPV6_NEXT_HEADER] == b[IPV6_NEXT_HEADER] && memcmp(a + IPV6_SOURCE, b + IPV6_SOURCE, 36) == 0;
}

/* What all packets that are joined must have in common, besides the flow: traffic class, flow label, hop limit. */
static bool same_ipv6_header(const uint8_t *a, const uint8_t *b) {
  return memcmp(a, b, 4) == 0 && a[IPV6_HOP_LIMIT] == b[IPV6_HOP_LIMIT];
}

static bool same_tcp_header(const uint8_t *a, const uint8_t *b, size_t headers) {
  const uint8_t *x = a + IPV6_HEADER_BYTES, *y = b + IPV6_HEADER_BYTES;
  return memcmp(x + TCP_ACKNOWLEDGEMENT, y + TCP_ACKNOWLEDGEMENT, 4) == 0 &&
         x[TCP_DATA_OFFSET] == y[TCP_DATA_OFFSET] && ((x[TCP_FLAGS] ^ y[TCP_FLAGS]) & ~FLAG_PSH) == 0 &&
         memcmp(x + TCP_WINDOW, y + TCP_WINDOW, 2) == 0 &&
         memcmp(x + TCP_OPTIONS, y + TCP_OPTIONS, headers - IPV6_HEADER_BYTES - TCP_HEADER_BYTES) == 0;
}

/* Length of the headers of a packet that may be joined with others; 0 if it may not. */
static size_t joinable_headers(const struct coalescer *coalescer, const uint8_t *packet, size_t length) {
  const uint8_t *at = packet + IPV6_HEADER_BYTES;
  if (packet[IPV6_NEXT_HEADER] == PROTOCOL_TCP) {
    size_t headers = IPV6_HEADER_BYTES + (at[TCP_DATA_OFFSET] >> 4) * 4u;
    if (headers < IPV6_HEADER_BYTES + TCP_HEADER_BYTES || headers >= length) return 0;
    if ((at[TCP_FLAGS] & ~(FLAG_PSH | FLAG_ECE)) != FLAG_ACK || (at[TCP_DATA_OFFSET] & 0x0f) != 0) return 0;
    return headers;
  }
  if (!coalescer->udp || length <= IPV6_HEADER_BYTES + UDP_HEADER_BYTES) return 0;
  if (load16(at + UDP_LENGTH) != length - IPV6_HEADER_BYTES || load16(at + UDP_CHECKSUM) == 0) return 0;
  return IPV6_HEADER_BYTES + UDP_HEADER_BYTES;
}

static bool checksum_is_right(const uint8_t *packet, size_t length) {
  return upper_layer_checksum_is_right(packet, length, IPV6_HEADER_BYTES, packet[IPV6_NEXT_HEADER]);
}

static bool may_append(struct joined *joined, const uint8_t *packet, size_t length, size_t headers) {
  size_t payload = length - headers;
  if (joined->headers != headers || payload > joined->segment_bytes || joined->total + payload > LARGEST_JOINED_BYTES)
    return false;
  if (!same_ipv6_header(joined->packet, packet)) return false;
  if (packet[IPV6_NEXT_HEADER] == PROTOCOL_TCP &&
      (load32(packet + IPV6_HEADER_BYTES + TCP_SEQUENCE) != joined->next_sequence ||
       !same_tcp_header(joined->packet, packet, headers)))
    return false;
  /* From here on the kernel takes the checksums on trust, so a wrong one must not get in. */
  if (!joined->verified && !(joined->verified = checksum_is_right(joined->packet, joined->length))) {
    joined->headers = 0;
    return false;
  }
  return checksum_is_right(packet, length);
}

static void append(struct coalescer *coalescer, struct joined *joined, uint8_t *packet, size_t length) {
  size_t headers = joined->headers, payload = length - headers;
  uint16_t part = ++coalescer->part_count;
  coalescer->parts[part - 1].payload = (struct iovec){packet + headers, payload};
  coalescer->parts[part - 1].next = 0;
  if (joined->last_part) coalescer->parts[joined->last_part - 1].next = part;
  else joined->first_part = part;
  joined->last_part = part;
  joined->count++;
  joined->total += payload;
  joined->next_sequence += (uint32_t)payload;
  bool pushed = false;
  if (packet[IPV6_NEXT_HEADER] == PROTOCOL_TCP) {
    pushed = packet[IPV6_HEADER_BYTES + TCP_FLAGS] & FLAG_PSH;
    if (pushed) joined->packet[IPV6_HEADER_BYTES + TCP_FLAGS] |= FLAG_PSH;
  }
  if (payload < joined->segment_bytes || pushed) joined->headers = 0;
}

void coalescer_add(struct coalescer *coalescer, uint8_t *packet, size_t length) {
  bool tcp = packet[IPV6_NEXT_HEADER] == PROTOCOL_TCP && length >= IPV6_HEADER_BYTES + TCP_HEADER_BYTES;
  bool udp = packet[IPV6_NEXT_HEADER] == PROTOCOL_UDP && length >= IPV6_HEADER_BYTES + UDP_HEADER_BYTES;
  if (!tcp && !udp) {
    add_lone(coalescer, packet, length);
    return;
  }
  uint16_t *latest = latest_of(coalescer, packet);
  size_t headers = joinable_headers(coalescer, packet, length);
  if (*latest && headers) {
    struct joined *joined = &coalescer->joined[*latest - 1];
    if (joined->headers && same_flow(joined->packet, packet) && may_append(joined, packet, length, headers)) {
      append(coalescer, joined, packet, length);
      return;
    }
  }
  struct joined *lone = add_lone(coalescer, packet, length);
  *latest = coalescer->joined_count;
  if (headers == 0) return;
  lone->segment_bytes = length - headers;
  if (tcp) lone->next_sequence = load32(packet + IPV6_HEADER_BYTES + TCP_SEQUENCE) + (uint32_t)lone->segment_bytes;
  bool pushed = tcp && (packet[IPV6_HEADER_BYTES + TCP_FLAGS] & FLAG_PSH);
  lone->headers = pushed ? 0 : headers;
}

static void make_offload(struct joined *joined) {
  uint8_t *packet = joined->packet;
  bool tcp = packet[IPV6_NEXT_HEADER] == PROTOCOL_TCP;
  size_t transport_bytes = joined->total - IPV6_HEADER_BYTES;
  size_t checksum = tcp ? TCP_CHECKSUM : UDP_CHECKSUM;
  store16(packet + 4, (uint16_t)transport_bytes);
  if (!tcp) store16(packet + IPV6_HEADER_BYTES + UDP_LENGTH, (uint16_t)transport_bytes);
  uint64_t sum = sum_pseudo_header(packet + IPV6_SOURCE, (uint32_t)transport_bytes, packet[IPV6_NEXT_HEADER]);
  put_sum(packet + IPV6_HEADER_BYTES + checksum, fold_sum(sum));
  joined->offload = (struct virtio_net_hdr){
      .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
      .gso_type = tcp ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_UDP_L4,
      .hdr_len = (uint16_t)(joined->length - joined->segment_bytes),
      .gso_size = (uint16_t)joined->segment_bytes,
      .csum_start = IPV6_HEADER_BYTES,
      .csum_offset = (uint16_t)checksum,
  };
}

size_t joined_finish(struct coalescer *coalescer, struct joined *joined, struct iovec *vectors) {
  if (joined->count > 1) make_offload(joined);
  vectors[0] = (struct iovec){&joined->offload, sizeof joined->offload};
  vectors[1] = (struct iovec){joined->packet, joined->length};
  size_t count = 2;
  for (uint16_t part = joined->first_part; part; part = coalescer->parts[part - 1].next)
    vectors[count++] = coalescer->parts[part - 1].payload;
  return count;
}
