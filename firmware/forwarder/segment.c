#include "segment.h"

#include "bytes.h"
#include "checksum.h"
#include "ipv4.h"

#define TCP_HEADER_BYTES 20u
#define TCP_SEQUENCE 4
#define TCP_FLAGS 13
#define TCP_CHECKSUM 16
#define TCP_FLAGS_LAST_ONLY 0x09 /* FIN, PSH */
#define TCP_FLAGS_FIRST_ONLY 0x80 /* CWR */
#define UDP_LENGTH 4
#define UDP_CHECKSUM 6

static uint8_t protocol_of(const struct virtio_net_hdr *offload, const uint8_t *packet) {
  switch (offload->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
    case VIRTIO_NET_HDR_GSO_TCPV4:
      return is_ipv4(packet) ? PROTOCOL_TCP : 0;
    case VIRTIO_NET_HDR_GSO_TCPV6:
      return is_ipv4(packet) ? 0 : PROTOCOL_TCP;
    case VIRTIO_NET_HDR_GSO_UDP_L4:
      return PROTOCOL_UDP;
    default:
      return 0;
  }
}

bool plan_segments(const uint8_t *packet, size_t length, const struct virtio_net_hdr *offload,
                   struct segmentation *plan) {
  if (length == 0 || whole_length(packet, length) != length) return false;
  uint8_t protocol = protocol_of(offload, packet);
  if (protocol == 0 || offload->gso_size == 0 || !(offload->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)) return false;
  struct transport transport = find_transport(packet, length);
  if (transport.protocol != protocol || transport.fragment != FRAGMENT_NONE || transport.offset != offload->csum_start)
    return false;
  size_t header_bytes = protocol == PROTOCOL_TCP ? TCP_HEADER_BYTES : UDP_HEADER_BYTES;
  if (length - transport.offset < header_bytes) return false;
  if (protocol == PROTOCOL_TCP) header_bytes = (packet[transport.offset + 12] >> 4) * 4u;
  if (header_bytes < UDP_HEADER_BYTES || length - transport.offset < header_bytes) return false;
  if (protocol == PROTOCOL_TCP && header_bytes < TCP_HEADER_BYTES) return false;

  plan->protocol = protocol;
  plan->transport = transport.offset;
  plan->headers = transport.offset + header_bytes;
  plan->payload = length - plan->headers;
  plan->size = offload->gso_size;
  if (plan->headers > LARGEST_HEADERS_BYTES) return false;
  size_t count = plan->payload ? (plan->payload + plan->size - 1) / plan->size : 1;
  plan->burst.count = count;
  plan->burst.largest = plan->headers + (plan->payload < plan->size ? plan->payload : plan->size);
  plan->burst.octets = plan->payload + count * plan->headers;
  return true;
}

static void finish_checksum(uint8_t *headers, const struct segmentation *plan, size_t at,
                            const struct segment *segment) {
  size_t header_bytes = plan->headers - plan->transport;
  uint8_t *header = headers + plan->transport;
  put_sum(header + at, 0);
  uint64_t sum = sum_pseudo_header(headers, (uint32_t)(header_bytes + segment->length), plan->protocol);
  sum = sum_words(header, header_bytes, sum);
  uint16_t folded = fold_sum(sum_words(segment->payload, segment->length, sum));
  /* Zero in UDP would say that there is none. */
  bool is_zero = folded == 0xffff && plan->protocol == PROTOCOL_UDP;
  put_checksum(header + at, is_zero ? 0 : folded);
}

/* The length, and in IPv4 an identification of each packet's own, as the kernel would count it up. */
static void finish_ip_header(uint8_t *headers, size_t length, size_t number) {
  if (!is_ipv4(headers)) {
    store16(headers + 4, (uint16_t)(length - IPV6_HEADER_BYTES));
    return;
  }
  store16(headers + 2, (uint16_t)length);
  store16(headers + IPV4_IDENTIFICATION, (uint16_t)(load16(headers + IPV4_IDENTIFICATION) + number));
  ipv4_set_checksum(headers);
}

struct segment cut_segment(const uint8_t *packet, const struct segmentation *plan, size_t number, uint8_t *headers) {
  size_t start = number * plan->size;
  size_t length = plan->payload - start < plan->size ? plan->payload - start : plan->size;
  struct segment segment = {packet + plan->headers + start, length};
  memcpy(headers, packet, plan->headers);
  finish_ip_header(headers, plan->headers + length, number);
  uint8_t *header = headers + plan->transport;
  if (plan->protocol == PROTOCOL_UDP) {
    store16(header + UDP_LENGTH, (uint16_t)(UDP_HEADER_BYTES + length));
    finish_checksum(headers, plan, UDP_CHECKSUM, &segment);
    return segment;
  }
  store32(header + TCP_SEQUENCE, load32(header + TCP_SEQUENCE) + (uint32_t)start);
  if (number > 0) header[TCP_FLAGS] &= (uint8_t)~TCP_FLAGS_FIRST_ONLY;
  if (number + 1 < plan->burst.count) header[TCP_FLAGS] &= (uint8_t)~TCP_FLAGS_LAST_ONLY;
  finish_checksum(headers, plan, TCP_CHECKSUM, &segment);
  return segment;
}
