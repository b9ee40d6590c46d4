/* Which of the packets that an interface brings may be for a table's tunnels: classic BPF for a packet socket. */
#ifndef MONAMI_FORWARDER_FILTER_H
#define MONAMI_FORWARDER_FILTER_H

#include "table.h"

/* Lets only those of one family pass. 0 or -errno. */
int filter_attach(int socket, bool ipv4, const struct table *table);

#endif
