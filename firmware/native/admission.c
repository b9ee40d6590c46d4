#include "native/admission.h"

#include <mbedtls/md.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/bytes.h"

enum {
    IPV4_HEADER_BYTES = 20,
    UDP_HEADER_BYTES = 8,
    IPV6_HEADER_BYTES = 40,
    IPV6_SOURCE = 8,
    ADDRESS_BYTES = 16,
    PROTOCOL_UDP = 17,
    PROTOCOL_IPV6 = 41,
    PROTOCOL_DESTINATION_OPTIONS = 60,
    PROTOCOL_MOBILITY = 135,
    OPTION_PAD1 = 0,
    OPTION_HOME_ADDRESS = 0xc9,
    /* Of the Mobility Header and its options. */
    MESSAGE_BINDING_UPDATE = 5,
    CHECKSUM = 4,
    MOBILITY_OPTIONS = 12,
    LARGEST_MOBILITY_HEADER = 2048,
    OPTION_ALTERNATE_CARE_OF_ADDRESS = 3,
    OPTION_AUTHENTICATION = 9,
    OPTION_REPLAY_PROTECTION = 10,
    SUBTYPE_HOME_AGENT = 1,
    /* Subtype and SPI. */
    AUTHENTICATION_FIXED_BYTES = 5,
    AUTHENTICATOR_BYTES = 12,
    TIMESTAMP_BYTES = 8,
};

struct association {
    uint8_t home_address[ADDRESS_BYTES];
    uint8_t spi[4];
    uint8_t key[KEY_BYTES];
    bool used;
    uint64_t latest; /* of the timestamps that were signed */
};

struct admission {
    size_t mask;
    struct association slots[]; /* open addressing */
};

static size_t slot_of(const struct admission *admission, const uint8_t *home_address)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < ADDRESS_BYTES; i++) hash = (hash ^ home_address[i]) * 16777619u;
    size_t slot = hash & admission->mask;
    while (admission->slots[slot].used &&
           memcmp(admission->slots[slot].home_address, home_address, ADDRESS_BYTES) != 0)
        slot = (slot + 1) & admission->mask;
    return slot;
}

struct admission *admission_create(const uint8_t *associations, size_t count)
{
    size_t capacity = 16;
    while (capacity < 2 * count) capacity *= 2;
    struct admission *admission = calloc(1, sizeof(*admission) + capacity * sizeof(struct association));
    if (admission == NULL) return NULL;
    admission->mask = capacity - 1;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *row = associations + i * ASSOCIATION_BYTES;
        struct association *association = &admission->slots[slot_of(admission, row)];
        memcpy(association->home_address, row, ADDRESS_BYTES);
        memcpy(association->spi, row + ADDRESS_BYTES, sizeof(association->spi));
        memcpy(association->key, row + ADDRESS_BYTES + sizeof(association->spi), KEY_BYTES);
        association->used = true;
    }
    return admission;
}

void admission_free(struct admission *admission)
{
    if (admission == NULL) return;
    explicit_bzero(admission->slots, (admission->mask + 1) * sizeof(struct association));
    free(admission);
}

/* What a signature is about. */
struct update {
    const uint8_t *home_address, *care_of_address;
    const uint8_t *header; /* Mobility Header */
    size_t length;
    size_t option; /* where the authentication option starts */
    uint64_t timestamp;
    bool has_timestamp;
};

/* Leaves at `*packet` what is inside of IPv4, directly or in UDP. */
static bool skip_ipv4(const uint8_t **packet, size_t *length)
{
    size_t header = (size_t)(**packet & 15) * 4;
    if (*length < IPV4_HEADER_BYTES || header < IPV4_HEADER_BYTES || header > *length) return false;
    uint8_t protocol = (*packet)[9];
    if (protocol == PROTOCOL_UDP) header += UDP_HEADER_BYTES;
    else if (protocol != PROTOCOL_IPV6) return false;
    if (header > *length) return false;
    *packet += header;
    *length -= header;
    return true;
}

/* Finds the Home Address option in a destination options header. */
static const uint8_t *find_home_address(const uint8_t *options, size_t length)
{
    for (size_t at = 0; at < length;) {
        if (options[at] == OPTION_PAD1) {
            at++;
            continue;
        }
        if (at + 2 > length || at + 2 + options[at + 1] > length) return NULL;
        if (options[at] == OPTION_HOME_ADDRESS) return options[at + 1] == ADDRESS_BYTES ? options + at + 2 : NULL;
        at += 2u + options[at + 1];
    }
    return NULL;
}

/* A Mobility Header directly behind the IPv6 header, or behind a Home Address option. */
static bool find_header(const uint8_t *packet, size_t length, bool in_ipv4, struct update *update)
{
    if (length < IPV6_HEADER_BYTES || packet[0] >> 4 != 6) return false;
    size_t end = IPV6_HEADER_BYTES + (size_t)load16(packet + 4);
    if (end > length) return false;
    uint8_t protocol = packet[6];
    size_t at = IPV6_HEADER_BYTES;
    update->care_of_address = update->home_address = packet + IPV6_SOURCE;
    if (protocol == PROTOCOL_DESTINATION_OPTIONS && !in_ipv4) {
        if (at + 8 > end) return false;
        size_t bytes = ((size_t)packet[at + 1] + 1) * 8;
        if (at + bytes > end) return false;
        protocol = packet[at];
        update->home_address = find_home_address(packet + at + 2, bytes - 2);
        if (update->home_address == NULL) return false;
        at += bytes;
    }
    if (protocol != PROTOCOL_MOBILITY || at + MOBILITY_OPTIONS > end) return false;
    update->header = packet + at;
    update->length = ((size_t)packet[at + 1] + 1) * 8;
    return at + update->length <= end && update->length <= LARGEST_MOBILITY_HEADER &&
           update->header[2] == MESSAGE_BINDING_UPDATE;
}

/* Finds the options that matter. Outside of IPv4 an Alternate Care-of Address stands for the source. */
static bool find_options(struct update *update, bool in_ipv4)
{
    const uint8_t *header = update->header;
    for (size_t at = MOBILITY_OPTIONS; at < update->length;) {
        if (header[at] == OPTION_PAD1) {
            at++;
            continue;
        }
        if (at + 2 > update->length || at + 2 + header[at + 1] > update->length) return false;
        size_t bytes = header[at + 1];
        if (header[at] == OPTION_ALTERNATE_CARE_OF_ADDRESS && bytes == ADDRESS_BYTES && !in_ipv4) {
            update->care_of_address = header + at + 2;
        } else if (header[at] == OPTION_REPLAY_PROTECTION && bytes == TIMESTAMP_BYTES) {
            update->timestamp = 0;
            for (size_t i = 0; i < TIMESTAMP_BYTES; i++) update->timestamp = update->timestamp << 8 | header[at + 2 + i];
            update->has_timestamp = true;
        } else if (header[at] == OPTION_AUTHENTICATION && bytes == AUTHENTICATION_FIXED_BYTES + AUTHENTICATOR_BYTES &&
                   header[at + 2] == SUBTYPE_HOME_AGENT) {
            update->option = at;
            return update->has_timestamp;
        }
        at += 2 + bytes;
    }
    return false;
}

/* Care-of address, home address, and the Mobility Header up to the SPI, its checksum taken as zero (RFC 4285 §5.1). */
static bool is_signed(const struct update *update, const struct association *association)
{
    uint8_t data[2 * ADDRESS_BYTES + LARGEST_MOBILITY_HEADER], digest[MBEDTLS_MD_MAX_SIZE];
    size_t covered = update->option + 2 + AUTHENTICATION_FIXED_BYTES;
    memcpy(data, update->care_of_address, ADDRESS_BYTES);
    memcpy(data + ADDRESS_BYTES, update->home_address, ADDRESS_BYTES);
    memcpy(data + 2 * ADDRESS_BYTES, update->header, covered);
    memset(data + 2 * ADDRESS_BYTES + CHECKSUM, 0, 2);
    const mbedtls_md_info_t *sha1 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA1);
    if (mbedtls_md_hmac(sha1, association->key, KEY_BYTES, data, 2 * ADDRESS_BYTES + covered, digest) != 0) return false;
    /* In constant time: whoever sends must not learn how much of a guess was right. */
    uint8_t difference = 0;
    for (size_t i = 0; i < AUTHENTICATOR_BYTES; i++) difference |= digest[i] ^ update->header[covered + i];
    return difference == 0;
}

bool admission_is_signed(struct admission *admission, const uint8_t *packet, size_t length)
{
    struct update update = {0};
    bool in_ipv4 = length > 0 && packet[0] >> 4 == 4;
    if (in_ipv4 && !skip_ipv4(&packet, &length)) return false;
    if (!find_header(packet, length, in_ipv4, &update) || !find_options(&update, in_ipv4)) return false;
    struct association *association = &admission->slots[slot_of(admission, update.home_address)];
    if (!association->used || memcmp(association->spi, update.header + update.option + 3, 4) != 0) return false;
    /* A replay costs no hash. */
    if (update.timestamp <= association->latest || !is_signed(&update, association)) return false;
    association->latest = update.timestamp;
    return true;
}
