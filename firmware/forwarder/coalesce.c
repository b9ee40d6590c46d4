#include "coalesce.h"

#include "bytes.h"
#include "checksum.h"
#include "ipv4.h"

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
  uint64_t hash;
  if (is_ipv4(packet)) hash = raw64(packet + IPV4_SOURCE) ^ (uint64_t)load32(packet + IPV4_HEADER_BYTES) << 17;
  else hash = raw64(packet + 16) ^ raw64(packet + 32) * 3 ^ (uint64_t)load32(packet + IPV6_HEADER_BYTES) << 17;
  return &coalescer->latest[hash * 0x9e3779b97f4a7c15u >> 58];
}

static uint8_t protocol_of(const uint8_t *packet) {
  return packet[is_ipv4(packet) ? IPV4_PROTOCOL : IPV6_NEXT_HEADER];
}

/* Octets of the IP header of a packet that may be joined, which has nothing but ports behind it; 0 for others. */
static size_t joinable_transport(const uint8_t *packet) {
  if (!is_ipv4(packet)) return IPV6_HEADER_BYTES;
  bool fragmented = load16(packet + IPV4_FRAGMENT_FIELD) & (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET);
  return packet[0] == 0x45 && !fragmented ? IPV4_HEADER_BYTES : 0;
}

static bool same_flow(const uint8_t *a, const uint8_t *b) {
  if (is_ipv4(a) != is_ipv4(b) || protocol_of(a) != protocol_of(b)) return false;
  if (is_ipv4(a)) return memcmp(a + IPV4_SOURCE, b + IPV4_SOURCE, 12) == 0;
  return memcmp(a + IPV6_SOURCE, b + IPV6_SOURCE, 36) == 0;
}

/* Cutting counts the identification up; that of a packet that is never fragmented says nothing (RFC 6864 §4.1). */
static bool is_next_identification(const struct joined *joined, const uint8_t *packet) {
  if (!may_be_fragmented(packet)) return true;
  uint16_t difference = (uint16_t)(load16(packet + IPV4_IDENTIFICATION) - load16(joined->packet + IPV4_IDENTIFICATION));
  return difference == joined->count;
}

/* What all packets that are joined must have in common, besides the flow: traffic class, flow label, hop limit. */
static bool same_ip_header(const struct joined *joined, const uint8_t *packet) {
  const uint8_t *first = joined->packet;
  if (!is_ipv4(packet)) return memcmp(first, packet, 4) == 0 && first[IPV6_HOP_LIMIT] == packet[IPV6_HOP_LIMIT];
  return memcmp(first, packet, 2) == 0 && first[IPV4_TTL] == packet[IPV4_TTL] &&
         memcmp(first + IPV4_FRAGMENT_FIELD, packet + IPV4_FRAGMENT_FIELD, 2) == 0 &&
         is_next_identification(joined, packet);
}

/* From the TCP headers on; `length`: theirs. */
static bool same_tcp_header(const uint8_t *a, const uint8_t *b, size_t length) {
  return memcmp(a + TCP_ACKNOWLEDGEMENT, b + TCP_ACKNOWLEDGEMENT, 4) == 0 &&
         a[TCP_DATA_OFFSET] == b[TCP_DATA_OFFSET] && ((a[TCP_FLAGS] ^ b[TCP_FLAGS]) & ~FLAG_PSH) == 0 &&
         memcmp(a + TCP_WINDOW, b + TCP_WINDOW, 2) == 0 &&
         memcmp(a + TCP_OPTIONS, b + TCP_OPTIONS, length - TCP_HEADER_BYTES) == 0;
}

/* Length of the headers of a packet that may be joined with others; 0 if it may not. */
static size_t joinable_headers(const struct coalescer *coalescer, const uint8_t *packet, size_t length,
                               size_t transport) {
  const uint8_t *at = packet + transport;
  if (protocol_of(packet) == PROTOCOL_TCP) {
    size_t headers = transport + (at[TCP_DATA_OFFSET] >> 4) * 4u;
    if (headers < transport + TCP_HEADER_BYTES || headers >= length) return 0;
    if ((at[TCP_FLAGS] & ~(FLAG_PSH | FLAG_ECE)) != FLAG_ACK || (at[TCP_DATA_OFFSET] & 0x0f) != 0) return 0;
    return headers;
  }
  if (!coalescer->udp || length <= transport + UDP_HEADER_BYTES) return 0;
  if (load16(at + UDP_LENGTH) != length - transport || load16(at + UDP_CHECKSUM) == 0) return 0;
  return transport + UDP_HEADER_BYTES;
}

static bool checksum_is_right(const uint8_t *packet, size_t length, size_t transport) {
  return upper_layer_checksum_is_right(packet, length, transport, protocol_of(packet));
}

static bool may_append(struct joined *joined, const uint8_t *packet, size_t length, size_t headers) {
  size_t payload = length - headers, transport = joined->transport;
  if (joined->headers != headers || payload > joined->segment_bytes || joined->total + payload > LARGEST_JOINED_BYTES)
    return false;
  if (!same_ip_header(joined, packet)) return false;
  if (protocol_of(packet) == PROTOCOL_TCP &&
      (load32(packet + transport + TCP_SEQUENCE) != joined->next_sequence ||
       !same_tcp_header(joined->packet + transport, packet + transport, headers - transport)))
    return false;
  /* From here on the kernel takes the checksums on trust, so a wrong one must not get in. */
  if (!joined->verified && !(joined->verified = checksum_is_right(joined->packet, joined->length, transport))) {
    joined->headers = 0;
    return false;
  }
  return checksum_is_right(packet, length, transport);
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
  if (protocol_of(packet) == PROTOCOL_TCP) {
    pushed = packet[joined->transport + TCP_FLAGS] & FLAG_PSH;
    if (pushed) joined->packet[joined->transport + TCP_FLAGS] |= FLAG_PSH;
  }
  if (payload < joined->segment_bytes || pushed) joined->headers = 0;
}

void coalescer_add(struct coalescer *coalescer, uint8_t *packet, size_t length) {
  size_t transport = joinable_transport(packet);
  bool tcp = protocol_of(packet) == PROTOCOL_TCP && length >= transport + TCP_HEADER_BYTES;
  bool udp = protocol_of(packet) == PROTOCOL_UDP && length >= transport + UDP_HEADER_BYTES;
  if (transport == 0 || (!tcp && !udp)) {
    add_lone(coalescer, packet, length);
    return;
  }
  uint16_t *latest = latest_of(coalescer, packet);
  size_t headers = joinable_headers(coalescer, packet, length, transport);
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
  lone->transport = transport;
  lone->segment_bytes = length - headers;
  if (tcp) lone->next_sequence = load32(packet + transport + TCP_SEQUENCE) + (uint32_t)lone->segment_bytes;
  bool pushed = tcp && (packet[transport + TCP_FLAGS] & FLAG_PSH);
  lone->headers = pushed ? 0 : headers;
}

static void make_offload(struct joined *joined) {
  uint8_t *packet = joined->packet, *transport = packet + joined->transport;
  bool ipv4 = is_ipv4(packet), tcp = protocol_of(packet) == PROTOCOL_TCP;
  size_t transport_bytes = joined->total - joined->transport;
  size_t checksum = tcp ? TCP_CHECKSUM : UDP_CHECKSUM;
  if (ipv4) {
    store16(packet + 2, (uint16_t)joined->total);
    ipv4_set_checksum(packet);
  } else {
    store16(packet + 4, (uint16_t)transport_bytes);
  }
  if (!tcp) store16(transport + UDP_LENGTH, (uint16_t)transport_bytes);
  put_sum(transport + checksum, fold_sum(sum_pseudo_header(packet, (uint32_t)transport_bytes, protocol_of(packet))));
  uint8_t tcp_type = ipv4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
  joined->offload = (struct virtio_net_hdr){
      .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
      .gso_type = tcp ? tcp_type : VIRTIO_NET_HDR_GSO_UDP_L4,
      .hdr_len = (uint16_t)(joined->length - joined->segment_bytes),
      .gso_size = (uint16_t)joined->segment_bytes,
      .csum_start = (uint16_t)joined->transport,
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
