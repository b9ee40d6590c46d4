#include "ingress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bytes.h"

#define RECEIVE_BUFFER_BYTES (4 << 20)
#define VIRTIO_HEADER_BYTES sizeof(struct virtio_net_hdr)
#define ETHERNET_HEADER_BYTES 14u
/* Puts the IP header of an Ethernet frame on a multiple of 8. */
#define SLOT_PADDING 8u
#define SLOT_BYTES 69632u /* the largest packet with all headers, in whole pages */

static size_t link_header_bytes(int socket, uint32_t interface_index) {
  struct ifreq request = {0};
  if (!if_indextoname(interface_index, request.ifr_name)) return ETHERNET_HEADER_BYTES;
  if (ioctl(socket, SIOCGIFHWADDR, &request) != 0) return ETHERNET_HEADER_BYTES;
  unsigned short type = request.ifr_hwaddr.sa_family;
  return type == ARPHRD_ETHER || type == ARPHRD_LOOPBACK ? ETHERNET_HEADER_BYTES : 0;
}

static int set_up(int socket, uint32_t interface_index, bool ipv4) {
  int bytes = RECEIVE_BUFFER_BYTES, on = 1;
  /* Nothing passes until there is a filter. */
  struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
  struct sock_fprog program = {1, &none};
  if (setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) return -1;
  if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  if (setsockopt(socket, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) != 0) return -1;
  struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                .sll_protocol = htons(ipv4 ? ETH_P_IP : ETH_P_IPV6),
                                .sll_ifindex = (int)interface_index};
  return bind(socket, (const struct sockaddr *)&address, sizeof address);
}

struct ingress *ingress_open(uint32_t interface_index, bool ipv4) {
  struct ingress *ingress = calloc(1, sizeof *ingress);
  if (!ingress) return NULL;
  ingress->interface_index = interface_index;
  ingress->ipv4 = ipv4;
  ingress->socket = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (ingress->socket >= 0 && set_up(ingress->socket, interface_index, ipv4) == 0) {
    ingress->link_header = link_header_bytes(ingress->socket, interface_index);
    return ingress;
  }
  int error = errno;
  if (ingress->socket >= 0) close(ingress->socket);
  free(ingress);
  errno = error;
  return NULL;
}

void ingress_close(struct ingress *ingress) {
  close(ingress->socket);
  free(ingress);
}

bool receive_batch_create(struct receive_batch *batch) {
  size_t bytes = (size_t)BATCH_PACKETS * SLOT_BYTES;
  batch->memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (batch->memory == MAP_FAILED) return false;
  for (unsigned i = 0; i < BATCH_PACKETS; i++) {
    uint8_t *slot = batch->memory + (size_t)i * SLOT_BYTES;
    batch->vectors[i] = (struct iovec){slot + SLOT_PADDING, SLOT_BYTES - SLOT_PADDING};
    batch->messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &batch->vectors[i], .msg_iovlen = 1}};
  }
  return true;
}

void receive_batch_destroy(struct receive_batch *batch) { munmap(batch->memory, (size_t)BATCH_PACKETS * SLOT_BYTES); }

unsigned ingress_receive(struct ingress *ingress, struct receive_batch *batch) {
  int count = recvmmsg(ingress->socket, batch->messages, BATCH_PACKETS, MSG_DONTWAIT, NULL);
  return count > 0 ? (unsigned)count : 0;
}

bool receive_batch_frame(const struct receive_batch *batch, const struct ingress *ingress, unsigned place,
                         struct frame *frame) {
  uint8_t *start = batch->vectors[place].iov_base;
  size_t length = batch->messages[place].msg_len, skipped = VIRTIO_HEADER_BYTES + ingress->link_header;
  if (length < skipped || batch->messages[place].msg_hdr.msg_flags & MSG_TRUNC) return false;
  memcpy(&frame->offload, start, VIRTIO_HEADER_BYTES);
  frame->packet = start + skipped;
  frame->length = length - skipped;
  if (!(frame->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)) return true;
  if (frame->offload.csum_start < ingress->link_header) return false;
  frame->offload.csum_start = (uint16_t)(frame->offload.csum_start - ingress->link_header);
  return true;
}
