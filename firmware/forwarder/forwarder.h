/*
 * The per-packet path: encapsulates what comes from a TUN device, decapsulates what comes from the far ends, in a
 * thread of its own. All functions are for one controlling thread; none of them waits longer than the forwarder needs
 * to finish the batch of packets in its hands.
 */
#ifndef MONAMI_FORWARDER_H
#define MONAMI_FORWARDER_H

#include <stddef.h>
#include <stdint.h>

struct forwarder;

/*
 * Starts the forwarding thread on a TUN descriptor (IFF_TUN, IFF_NO_PI, IFF_VNET_HDR; not owned; made non-blocking).
 * It forwards nothing until it has a table. NULL with errno set on failure.
 */
struct forwarder *forwarder_start(int tun_descriptor);

/*
 * Replaces the table (format: src/forwarding/encode-table.ts). Counters and flows of tunnels that stay are kept.
 * 0, -EINVAL if the table is malformed, or another -errno; after an error the old table stays in force.
 */
int forwarder_apply(struct forwarder *forwarder, const uint8_t *table, size_t length);

/*
 * Fills up to `capacity` counters (layout: src/forwarding/statistics.ts) and returns how many there are, which may be
 * more than `capacity`.
 */
size_t forwarder_statistics(struct forwarder *forwarder, double *counters, size_t capacity);

/* Stops the thread and frees everything. The TUN descriptor stays open. */
void forwarder_stop(struct forwarder *forwarder);

#endif
