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
/* Puts the IPv6 header of an Ethernet frame on a multiple of 8. */
#define SLOT_PADDING 8u
#define SLOT_BYTES 69632u /* the largest packet with all headers, in whole pages */

#define FILTER_ADDRESSES 16u
#define WHOLE_PACKET 0x40000u

static size_t link_header_bytes(int socket, uint32_t interface_index) {
  struct ifreq request = {0};
  if (!if_indextoname(interface_index, request.ifr_name)) return ETHERNET_HEADER_BYTES;
  if (ioctl(socket, SIOCGIFHWADDR, &request) != 0) return ETHERNET_HEADER_BYTES;
  unsigned short type = request.ifr_hwaddr.sa_family;
  return type == ARPHRD_ETHER || type == ARPHRD_LOOPBACK ? ETHERNET_HEADER_BYTES : 0;
}

static int set_up(int socket, uint32_t interface_index) {
  int bytes = RECEIVE_BUFFER_BYTES, on = 1;
  /* Nothing passes until there is a filter. */
  struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
  struct sock_fprog program = {1, &none};
  if (setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) return -1;
  if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  if (setsockopt(socket, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) != 0) return -1;
  struct sockaddr_ll address = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IPV6), .sll_ifindex = (int)interface_index};
  return bind(socket, (const struct sockaddr *)&address, sizeof address);
}

struct ingress *ingress_open(uint32_t interface_index) {
  struct ingress *ingress = calloc(1, sizeof *ingress);
  if (!ingress) return NULL;
  ingress->interface_index = interface_index;
  ingress->socket = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (ingress->socket >= 0 && set_up(ingress->socket, interface_index) == 0) {
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

/* The different source addresses of the tunnels; FILTER_ADDRESSES + 1 if they are too many. */
static size_t own_addresses(const struct table *table, const uint8_t *addresses[FILTER_ADDRESSES]) {
  size_t count = 0;
  for (size_t i = 0; i < table->tunnel_count; i++) {
    const uint8_t *address = table->tunnels[i].outer_addresses;
    size_t at = 0;
    while (at < count && memcmp(addresses[at], address, 16) != 0) at++;
    if (at < count) continue;
    if (count == FILTER_ADDRESSES) return FILTER_ADDRESSES + 1;
    addresses[count++] = address;
  }
  return count;
}

struct program {
  struct sock_filter code[16 + FILTER_ADDRESSES * 9];
  unsigned short length;
};

static void emit(struct program *program, uint16_t code, uint8_t if_true, uint8_t if_false, uint32_t value) {
  program->code[program->length++] = (struct sock_filter){code, if_true, if_false, value};
}

/* Loads are relative to the IPv6 header, whatever the link's header is. */
static void emit_load(struct program *program, uint16_t size, uint32_t offset) {
  emit(program, BPF_LD | BPF_ABS | size, 0, 0, (uint32_t)SKF_NET_OFF + offset);
}

int ingress_filter(struct ingress *ingress, const struct table *table) {
  const uint8_t *addresses[FILTER_ADDRESSES];
  size_t count = own_addresses(table, addresses);
  struct program program = {.length = 0};
  emit(&program, BPF_LD | BPF_ABS | BPF_W, 0, 0, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
  emit(&program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, PACKET_HOST);
  emit(&program, BPF_RET | BPF_K, 0, 0, 0);
  emit_load(&program, BPF_B, IPV6_NEXT_HEADER);
  emit(&program, BPF_JMP | BPF_JEQ | BPF_K, 5, 0, PROTOCOL_IPV6);
  emit(&program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, PROTOCOL_DESTINATION_OPTIONS);
  /* Fragments cannot be used, but they are counted. */
  emit(&program, BPF_JMP | BPF_JEQ | BPF_K, 0, 2, PROTOCOL_FRAGMENT);
  emit_load(&program, BPF_B, IPV6_HEADER_BYTES);
  emit(&program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, PROTOCOL_IPV6);
  emit(&program, BPF_RET | BPF_K, 0, 0, 0);
  for (size_t i = 0; count <= FILTER_ADDRESSES && i < count; i++) {
    for (uint8_t word = 0; word < 4; word++) {
      emit_load(&program, BPF_W, IPV6_DESTINATION + word * 4u);
      /* A difference leads to the next address. */
      emit(&program, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)(7 - 2 * word), load32(addresses[i] + word * 4));
    }
    emit(&program, BPF_RET | BPF_K, 0, 0, WHOLE_PACKET);
  }
  emit(&program, BPF_RET | BPF_K, 0, 0, count > FILTER_ADDRESSES ? WHOLE_PACKET : 0);
  struct sock_fprog attached = {program.length, program.code};
  return setsockopt(ingress->socket, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached) == 0 ? 0 : -errno;
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
