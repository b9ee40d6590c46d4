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
enum mode { MODE_FIRST_USABLE = 1, MODE_BALANCE = 2, MODE_FOLLOW = 3 };

struct egress;

struct tunnel {
  uint32_t id;
  uint32_t interface_index;
  uint32_t path_mtu;
  bool usable;
  uint8_t outer_addresses[32]; /* source, destination: as in the packets that we send */
  struct group *group;
  uint16_t weight;
  struct egress *egress; /* set by whoever does the input and output */
  struct sockaddr_in6 destination;

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
  uint8_t prefix[16];
  unsigned prefix_bits;
  struct group *group;
};

struct table {
  enum side side;
  uint8_t icmp_source[16];
  size_t interface_count, tunnel_count, group_count, route_count;
  uint32_t *interfaces;
  struct tunnel *tunnels;
  struct group *groups;
  struct tunnel **members; /* the groups' tunnels, one group behind the other */
  struct route *routes;
  struct index tunnels_by_id, groups_by_id, routes_by_prefix;
  struct index tunnels_by_addresses; /* one of those with the same outer addresses */
  struct index tunnels_by_binding;   /* by outer addresses and group: all of them */
  unsigned prefix_lengths[129]; /* those in use, the longest first */
  size_t prefix_length_count;
  struct egress **egresses; /* all that the tunnels use; set by whoever does the input and output */
  size_t egress_count;
};

/* NULL with errno EINVAL if the bytes are no sound table, or ENOMEM. */
struct table *table_parse(const uint8_t *bytes, size_t length);
void table_free(struct table *table);

struct tunnel *table_tunnel(const struct table *table, uint32_t id);
struct group *table_group(const struct table *table, uint32_t id);
/* By source and destination of a received packet, and the group that its inner packet belongs to; NULL for no group. */
struct tunnel *table_tunnel_from(const struct table *table, const uint8_t *received_addresses,
                                 const struct group *group);
/* Whether any group has a tunnel with these addresses. */
bool table_has_tunnel_from(const struct table *table, const uint8_t *received_addresses);
/* The group with the longest prefix that holds the address. */
struct group *table_group_of(const struct table *table, const uint8_t *address);

/* Takes over what the table before had learnt and counted. */
void table_inherit(struct table *table, const struct table *before);

#endif
