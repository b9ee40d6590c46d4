#include "ipv4.h"

#include "bytes.h"
#include "checksum.h"

#define OPTION_END 0
#define OPTION_NO_OPERATION 1
#define OPTION_COPIED 0x80
#define LARGEST_DATAGRAM_BYTES 65535u

static uint16_t header_sum(const uint8_t *packet, size_t length) {
  uint64_t sum = 0;
  for (size_t at = 0; at < length; at += 4) {
    uint32_t words;
    memcpy(&words, packet + at, sizeof words);
    sum += words;
  }
  return fold_sum(sum);
}

size_t ipv4_whole_length(const uint8_t *bytes, size_t length) {
  if (length < IPV4_HEADER_BYTES || !is_ipv4(bytes)) return 0;
  size_t header = ipv4_header_bytes(bytes), whole = load16(bytes + 2);
  if (header < IPV4_HEADER_BYTES || header > whole || whole > length) return 0;
  if (header_sum(bytes, header) != 0xffff) return 0;
  size_t offset = (size_t)(load16(bytes + IPV4_FRAGMENT_FIELD) & IPV4_FRAGMENT_OFFSET) * 8;
  return offset + whole <= LARGEST_DATAGRAM_BYTES ? whole : 0;
}

void ipv4_set_header_word(uint8_t *packet, size_t at, uint16_t value) {
  uint16_t checksum = load16(packet + IPV4_CHECKSUM);
  store16(packet + IPV4_CHECKSUM, update_checksum(checksum, load16(packet + at), value));
  store16(packet + at, value);
}

void ipv4_set_checksum(uint8_t *packet) {
  store16(packet + IPV4_CHECKSUM, 0);
  put_checksum(packet + IPV4_CHECKSUM, header_sum(packet, ipv4_header_bytes(packet)));
}

void ipv4_plan_fragments(const uint8_t *packet, size_t length, size_t mtu, struct ipv4_fragmentation *plan) {
  plan->header = ipv4_header_bytes(packet);
  plan->step = (mtu - plan->header) & ~(size_t)7;
  plan->count = (length - plan->header + plan->step - 1) / plan->step;
}

/* Those that belong to the first fragment alone become no-operations, so that the header keeps its length. */
static void clear_uncopied_options(uint8_t *options, size_t length) {
  for (size_t at = 0; at < length && options[at] != OPTION_END;) {
    uint8_t type = options[at];
    size_t bytes = 1;
    if (type != OPTION_NO_OPERATION) {
      bytes = at + 1 < length ? options[at + 1] : 0;
      /* Malformed: what is left cannot be told apart. */
      if (bytes < 2 || at + bytes > length) return;
    }
    if (!(type & OPTION_COPIED)) memset(options + at, OPTION_NO_OPERATION, bytes);
    at += bytes;
  }
}

struct segment ipv4_cut_fragment(const uint8_t *packet, size_t length, const struct ipv4_fragmentation *plan,
                                 size_t number, uint8_t *header) {
  size_t start = plan->header + number * plan->step;
  bool last = number + 1 == plan->count;
  struct segment segment = {packet + start, last ? length - start : plan->step};
  memcpy(header, packet, plan->header);
  if (number > 0) clear_uncopied_options(header + IPV4_HEADER_BYTES, plan->header - IPV4_HEADER_BYTES);
  store16(header + 2, (uint16_t)(plan->header + segment.length));
  unsigned field = load16(packet + IPV4_FRAGMENT_FIELD) + (unsigned)(number * plan->step / 8);
  store16(header + IPV4_FRAGMENT_FIELD, (uint16_t)(field | (last ? 0 : IPV4_MORE_FRAGMENTS)));
  ipv4_set_checksum(header);
  return segment;
}
