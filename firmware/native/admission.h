/* Which packets are looked at first when more come than can be looked at. */
#ifndef MONAMI_NATIVE_ADMISSION_H
#define MONAMI_NATIVE_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets that describe one security association: home address 16, SPI 4 (big-endian), key 16. */
enum { ASSOCIATION_BYTES = 36, KEY_BYTES = 16 };

struct admission;

/* NULL if there is no memory. */
struct admission *admission_create(const uint8_t *associations, size_t count);
void admission_free(struct admission *admission);

/*
 * Whether a packet from its IP header on holds a Binding Update that is signed with the key of its home address
 * (RFC 4285 §5.1), later than all that were before. What is no such thing may still be a good packet.
 */
bool admission_is_signed(struct admission *admission, const uint8_t *packet, size_t length);

#endif
