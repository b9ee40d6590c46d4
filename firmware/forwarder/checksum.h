/* Internet checksums (RFC 1071). Sums are of 16-bit words as they lie in memory, so no octet is ever swapped. */
#ifndef MONAMI_FORWARDER_CHECKSUM_H
#define MONAMI_FORWARDER_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Adds the words of `bytes` to a sum; only the last part of a sum may have an odd length. */
uint64_t sum_words(const uint8_t *bytes, size_t length, uint64_t sum);

/* Folds a sum to 16 bits (not complemented). */
uint16_t fold_sum(uint64_t sum);

/* The sum of the pseudo-header of an IPv6 or IPv4 packet; `length`: of the transport header and what follows. */
uint64_t sum_pseudo_header(const uint8_t *packet, uint32_t length, uint8_t protocol);

/* A checksum after one of the words that it covers has changed (RFC 1624 §3, equation 3), in host order. */
uint16_t update_checksum(uint16_t checksum, uint16_t before, uint16_t after);

/* Writes a folded sum, or its complement, as it lies in memory. */
void put_sum(uint8_t *at, uint16_t folded);
void put_checksum(uint8_t *at, uint16_t folded);

/* Whether the upper-layer checksum of a whole packet is right, its transport header being at `offset`. */
bool upper_layer_checksum_is_right(const uint8_t *packet, size_t length, size_t offset, uint8_t protocol);

/*
 * Completes a checksum that the kernel left open: `start` is where summing starts, `offset` where the checksum lies
 * behind it. False if that is outside of the packet.
 */
bool complete_checksum(uint8_t *packet, size_t length, size_t start, size_t offset);

#endif
