/* A forwarding table, parsed from the layout of src/forwarding/encode-table.ts, with its look-ups. */
#ifndef MONAMI_FORWARDER_TABLE_H
#define MONAMI_FORWARDER_TABLE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "index.h"

#define MAXIMUM_INTERFACES 64u

enum side { SIDE_MOBILE_ROUTER = 1, SIDE_HOME_AGENT = 2 };
enum encapsulation { ENCAPSULATION_IPV6 = 1, ENCAPSULATION_IPV4 = 2, ENCAPSULATION_UDP = 3 };
enum mode { MODE_FIRST_USABLE = 1, MODE_BALANCE = 2, MODE_FOLLOW = 3 };

struct egress;

/* What tells tunnels apart. */
struct tunnel_ends {
  uint8_t addresses[32]; /* source, destination; IPv4 ones are IPv4-mapped */
  uint64_t selector;     /* encapsulation and ports */
};

static inline uint64_t tunnel_selector(enum encapsulation encapsulation, uint16_t source_port,
                                       uint16_t destination_port) {
  return (uint64_t)encapsulation << 32 | (uint32_t)source_port << 16 | destination_port;
}

struct tunnel {
  uint32_t id;
  uint32_t interface_index;
  uint32_t path_mtu;
  enum encapsulation encapsulation;
  uint32_t overhead; /* octets of the outer headers */
  uint16_t source_port, destination_port; /* of ENCAPSULATION_UDP */
  bool usable;
  uint8_t outer_addresses[32]; /* source, destination: as in the packets that we send; IPv4 ones are IPv4-mapped */
  struct group *group;
  uint16_t weight;
  struct egress *egress; /* set by whoever does the input and output */
  union {
    struct sockaddr_in6 ipv6;
    struct sockaddr_in ipv4;
  } destination;

  uint64_t sent_packets, sent_bytes;
  uint64_t received_packets, received_bytes;
  uint64_t last_received_ms;
};

struct group {
  uint32_t id;
  enum mode mode;
  size_t tunnel_count;
  struct tunnel **tunnels;
  uint32_t confirmed_id; /* for MODE_FOLLOW: the tunnel by which the far end sent last; 0: none yet */
};

struct route {
  uint8_t prefix[16]; /* IPv4-mapped, with 96 bits more, if it is an IPv4 one */
  unsigned prefix_bits;
  bool ipv4;
  struct group *group;
};

struct table {
  enum side side;
  uint8_t icmp_source[16];
  bool has_icmpv4_source;
  uint8_t icmpv4_source[4];
  size_t interface_count, tunnel_count, group_count, route_count;
  uint32_t *interfaces;
  struct tunnel *tunnels;
  struct group *groups;
  struct tunnel **members; /* the groups' tunnels, one group behind the other */
  struct route *routes;
  struct index tunnels_by_id, groups_by_id, routes_by_prefix;
  struct index tunnels_by_addresses; /* one of those with the same addresses */
  struct index tunnels_by_ends;    /* one of those with the same ends */
  struct index tunnels_by_binding; /* by ends and group: all of them */
  struct {
    unsigned bits[129]; /* those in use, the longest first */
    size_t count;
  } prefix_lengths[2]; /* of IPv6 and IPv4 */
  struct egress **egresses; /* all that the tunnels use; set by whoever does the input and output */
  size_t egress_count;
};

/* NULL with errno EINVAL if the bytes are no sound table, or ENOMEM. */
struct table *table_parse(const uint8_t *bytes, size_t length);
void table_free(struct table *table);

struct tunnel *table_tunnel(const struct table *table, uint32_t id);
struct group *table_group(const struct table *table, uint32_t id);
/* By its ends, and the group that the inner packet belongs to; NULL for no group. */
struct tunnel *table_tunnel_between(const struct table *table, const struct tunnel_ends *ends,
                                    const struct group *group);
/* Whether any group has a tunnel with these ends. */
bool table_has_tunnel_between(const struct table *table, const struct tunnel_ends *ends);
/* Whether there is a tunnel with these addresses, whatever its encapsulation and ports. */
bool table_has_tunnel_at(const struct table *table, const uint8_t addresses[32]);
/* The longest prefix that holds the address (16 octets, IPv4-mapped if `ipv4`), or NULL. */
const struct route *table_route_of(const struct table *table, const uint8_t *address, bool ipv4);
/* Whether there are tunnels in IPv4. */
bool table_uses_ipv4(const struct table *table);

/* Takes over what the table before had learnt and counted. */
void table_inherit(struct table *table, const struct table *before);

#endif
