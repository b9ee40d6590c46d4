/* The sockets of the tables: opened before a table is adopted, shared with the table before, closed afterwards. */
#ifndef MONAMI_FORWARDER_PORTS_H
#define MONAMI_FORWARDER_PORTS_H

#include "egress.h"
#include "ingress.h"

struct ports {
  struct egress *egresses;
  struct ingress *ingresses;
};

/* Opens what the table needs and gives it to its tunnels. 0 or -errno. */
int ports_open(struct ports *ports, struct table *table);

/* Watches the sockets that the new table needs, and no others. By the thread that waits on `epoll`. 0 or -errno. */
int ports_watch(struct ports *ports, int epoll);

/* Closes what is not needed any more: by the new table if it was adopted, else by the current one. */
void ports_settle(struct ports *ports, bool adopted);

void ports_close(struct ports *ports);

#endif
