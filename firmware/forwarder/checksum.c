#include "checksum.h"

#include <arpa/inet.h>
#include <string.h>

#include "ip.h"

/* One accumulator per lane keeps the additions independent; 32-bit words in 64-bit sums need no carries. */
#define LANES 8
#define UDP_CHECKSUM 6

__attribute__((optimize("O3"))) uint64_t sum_words(const uint8_t *bytes, size_t length, uint64_t sum) {
  uint64_t lanes[LANES] = {0};
  uint32_t words[LANES];
  while (length >= sizeof words) {
    memcpy(words, bytes, sizeof words);
    for (int i = 0; i < LANES; i++) lanes[i] += words[i];
    bytes += sizeof words;
    length -= sizeof words;
  }
  for (int i = 0; i < LANES; i++) sum += lanes[i];
  while (length >= 2) {
    uint16_t word;
    memcpy(&word, bytes, sizeof word);
    sum += word;
    bytes += 2;
    length -= 2;
  }
  if (length == 1) {
    uint16_t word = 0;
    memcpy(&word, bytes, 1);
    sum += word;
  }
  return sum;
}

uint16_t fold_sum(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)sum;
}

uint64_t sum_pseudo_header(const uint8_t *packet, uint32_t length, uint8_t protocol) {
  uint64_t sum = (uint64_t)htonl(length) + htonl(protocol);
  return is_ipv4(packet) ? sum_words(packet + IPV4_SOURCE, 8, sum) : sum_words(packet + IPV6_SOURCE, 32, sum);
}

uint16_t update_checksum(uint16_t checksum, uint16_t before, uint16_t after) {
  uint32_t sum = (uint32_t)(uint16_t)~checksum + (uint16_t)~before + after;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

void put_sum(uint8_t *at, uint16_t folded) { memcpy(at, &folded, sizeof folded); }

void put_checksum(uint8_t *at, uint16_t folded) {
  uint16_t checksum = (uint16_t)~folded;
  memcpy(at, &checksum, sizeof checksum);
}

bool upper_layer_checksum_is_right(const uint8_t *packet, size_t length, size_t offset, uint8_t protocol) {
  size_t rest = length - offset;
  uint64_t sum = sum_pseudo_header(packet, (uint32_t)rest, protocol);
  return fold_sum(sum_words(packet + offset, rest, sum)) == 0xffff;
}

bool complete_checksum(uint8_t *packet, size_t length, size_t start, size_t offset) {
  if (start > length || offset > length - start || length - start - offset < 2) return false;
  uint16_t folded = fold_sum(sum_words(packet + start, length - start, 0));
  /* A UDP checksum of zero would say that there is none. */
  if (folded == 0xffff && offset == UDP_CHECKSUM) folded = 0;
  put_checksum(packet + start + offset, folded);
  return true;
}
