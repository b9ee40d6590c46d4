#include "egress.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEND_BUFFER_BYTES (4 << 20)

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

static void bind_to_interface(int socket, uint32_t index) {
  int value = (int)index;
  if (setsockopt(socket, SOL_SOCKET, SO_BINDTOIFINDEX, &value, sizeof value) == 0) return;
  char name[IF_NAMESIZE];
  if (if_indextoname(index, name)) setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name) + 1);
}

/*
 * What we send is as long as our own path MTU says, whatever the kernel has learnt of the path (then it would refuse it),
 * and fragments leave as they are.
 */
static void send_as_given(int socket) {
  int discover = IP_PMTUDISC_PROBE, on = 1;
  setsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof discover);
  setsockopt(socket, IPPROTO_IP, IP_NODEFRAG, &on, sizeof on);
}

static int bind_to_ipv4_source(int socket, const uint8_t *source) {
  int on = 1;
  setsockopt(socket, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET};
  memcpy(&address.sin_addr, source + 12, 4);
  return bind(socket, (const struct sockaddr *)&address, sizeof address);
}

/* Routes are looked up with the socket's own address, so that rules by source address hold. */
static int bind_to_source(int socket, const uint8_t *source) {
  int on = 1;
  setsockopt(socket, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on);
  struct sockaddr_in6 address = {.sin6_family = AF_INET6};
  memcpy(&address.sin6_addr, source, 16);
  return bind(socket, (const struct sockaddr *)&address, sizeof address);
}

static int open_socket(const uint8_t *source, bool ipv4, uint32_t interface_index) {
  /* Both send whole packets, IP header included. */
  int raw = socket(ipv4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_RAW);
  if (raw < 0) return -1;
  int bytes = SEND_BUFFER_BYTES;
  if (setsockopt(raw, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0)
    setsockopt(raw, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  if (interface_index) bind_to_interface(raw, interface_index);
  if (ipv4) send_as_given(raw);
  if ((ipv4 ? bind_to_ipv4_source : bind_to_source)(raw, source) == 0) return raw;
  int error = errno;
  close(raw);
  errno = error;
  return -1;
}

struct egress *egress_open(const uint8_t *source, bool ipv4, uint32_t interface_index) {
  struct egress *egress = calloc(1, sizeof *egress);
  if (!egress) return NULL;
  memcpy(egress->source, source, 16);
  egress->ipv4 = ipv4;
  egress->interface_index = interface_index;
  egress->socket = open_socket(source, ipv4, interface_index);
  if (egress->socket >= 0) return egress;
  free(egress);
  return NULL;
}

void egress_close(struct egress *egress) {
  close(egress->socket);
  free(egress);
}

static struct iovec *queue(struct egress *egress, struct tunnel *tunnel, size_t vectors) {
  unsigned place = egress->queued++;
  struct msghdr *message = &egress->messages[place].msg_hdr;
  message->msg_name = &tunnel->destination;
  message->msg_namelen = egress->ipv4 ? sizeof tunnel->destination.ipv4 : sizeof tunnel->destination.ipv6;
  message->msg_iov = egress->vectors[place];
  message->msg_iovlen = vectors;
  return egress->vectors[place];
}

void egress_add(struct egress *egress, struct tunnel *tunnel, uint8_t *packet, size_t length) {
  queue(egress, tunnel, 1)[0] = (struct iovec){packet, length};
}

void egress_add_with_headers(struct egress *egress, struct tunnel *tunnel, size_t headers, const uint8_t *payload,
                             size_t length) {
  uint8_t *start = egress_headers(egress);
  struct iovec *vectors = queue(egress, tunnel, 2);
  vectors[0] = (struct iovec){start, headers};
  vectors[1] = (struct iovec){(void *)(uintptr_t)payload, length};
}

unsigned egress_flush(struct egress *egress) {
  unsigned done = 0, failed = 0;
  while (done < egress->queued) {
    int sent = sendmmsg(egress->socket, egress->messages + done, egress->queued - done, MSG_DONTWAIT);
    if (sent > 0) {
      done += (unsigned)sent;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      /* The socket's buffer is full; so it will be for those behind. */
      failed += egress->queued - done;
      break;
    } else if (errno != EINTR) {
      failed++;
      done++;
    }
  }
  egress->queued = 0;
  return failed;
}
