#include "ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "filter.h"

static bool serves(const struct egress *egress, const struct tunnel *tunnel) {
  /* An IPv4-mapped address stands for an IPv4 one alone. */
  return egress->interface_index == tunnel->interface_index && memcmp(egress->source, tunnel->outer_addresses, 16) == 0;
}

static struct egress *egress_for(struct ports *ports, const struct tunnel *tunnel) {
  for (struct egress *egress = ports->egresses; egress; egress = egress->next)
    if (serves(egress, tunnel)) return egress;
  bool ipv4 = tunnel->encapsulation != ENCAPSULATION_IPV6;
  struct egress *egress = egress_open(tunnel->outer_addresses, ipv4, tunnel->interface_index);
  if (!egress) return NULL;
  egress->next = ports->egresses;
  return ports->egresses = egress;
}

static int open_egresses(struct ports *ports, struct table *table) {
  struct egress *last = NULL;
  for (size_t i = 0; i < table->tunnel_count; i++) {
    struct tunnel *tunnel = &table->tunnels[i];
    /* A home agent has many tunnels from one address. */
    if (!last || !serves(last, tunnel)) last = egress_for(ports, tunnel);
    if (!last) return -errno;
    if (!last->in_new) table->egress_count++;
    last->in_new = true;
    tunnel->egress = last;
  }
  return 0;
}

static int list_egresses(const struct ports *ports, struct table *table) {
  if (table->egress_count == 0) return 0;
  table->egresses = calloc(table->egress_count, sizeof(struct egress *));
  if (!table->egresses) return -ENOMEM;
  size_t place = 0;
  for (struct egress *egress = ports->egresses; egress; egress = egress->next)
    if (egress->in_new) table->egresses[place++] = egress;
  return 0;
}

static struct ingress *ingress_for(struct ports *ports, uint32_t interface_index, bool ipv4) {
  for (struct ingress *ingress = ports->ingresses; ingress; ingress = ingress->next)
    if (ingress->interface_index == interface_index && ingress->ipv4 == ipv4) return ingress;
  struct ingress *ingress = ingress_open(interface_index, ipv4);
  if (!ingress) return NULL;
  ingress->next = ports->ingresses;
  return ports->ingresses = ingress;
}

static int open_ingresses(struct ports *ports, const struct table *table, bool ipv4) {
  for (size_t i = 0; i < table->interface_count; i++) {
    struct ingress *ingress = ingress_for(ports, table->interfaces[i], ipv4);
    /* An interface that has just vanished is no error: the next table will not name it. */
    if (!ingress && (errno == ENODEV || errno == ENXIO)) continue;
    if (!ingress) return -errno;
    ingress->in_new = true;
    int error = filter_attach(ingress->socket, ipv4, table);
    if (error != 0) return error;
  }
  return 0;
}

int ports_open(struct ports *ports, struct table *table) {
  int error = open_egresses(ports, table);
  if (error == 0) error = list_egresses(ports, table);
  if (error == 0) error = open_ingresses(ports, table, false);
  if (error == 0 && table_uses_ipv4(table)) error = open_ingresses(ports, table, true);
  return error;
}

int ports_watch(struct ports *ports, int epoll) {
  int error = 0;
  for (struct ingress *ingress = ports->ingresses; ingress; ingress = ingress->next) {
    if (ingress->in_new == ingress->watched) continue;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = ingress};
    int operation = ingress->in_new ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;
    if (epoll_ctl(epoll, operation, ingress->socket, &event) == 0) ingress->watched = ingress->in_new;
    else error = -errno;
  }
  return error;
}

void ports_settle(struct ports *ports, bool adopted) {
  for (struct egress **link = &ports->egresses; *link;) {
    struct egress *egress = *link;
    if (adopted) egress->in_current = egress->in_new;
    egress->in_new = false;
    if (egress->in_current) {
      link = &egress->next;
      continue;
    }
    *link = egress->next;
    egress_close(egress);
  }
  for (struct ingress **link = &ports->ingresses; *link;) {
    struct ingress *ingress = *link;
    if (adopted) ingress->in_current = ingress->in_new;
    ingress->in_new = false;
    if (ingress->in_current) {
      link = &ingress->next;
      continue;
    }
    *link = ingress->next;
    ingress_close(ingress);
  }
}

void ports_close(struct ports *ports) { ports_settle(ports, true); }
