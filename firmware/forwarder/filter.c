#include "filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "bytes.h"
#include "packet.h"

#define FILTER_ADDRESSES 16u
#define FILTER_PORTS 8u
#define WHOLE_PACKET 0x40000u

/* The different source addresses of the family's tunnels; FILTER_ADDRESSES + 1 if they are too many. */
static size_t own_addresses(const struct table *table, bool ipv4, const uint8_t *addresses[FILTER_ADDRESSES]) {
  size_t count = 0;
  for (size_t i = 0; i < table->tunnel_count; i++) {
    if ((table->tunnels[i].encapsulation != ENCAPSULATION_IPV6) != ipv4) continue;
    const uint8_t *address = table->tunnels[i].outer_addresses;
    size_t at = 0;
    while (at < count && memcmp(addresses[at], address, 16) != 0) at++;
    if (at < count) continue;
    if (count == FILTER_ADDRESSES) return FILTER_ADDRESSES + 1;
    addresses[count++] = address;
  }
  return count;
}

/* The different ports that UDP tunnels end at here; FILTER_PORTS + 1 if they are too many. */
static size_t own_ports(const struct table *table, uint16_t ports[FILTER_PORTS]) {
  size_t count = 0;
  for (size_t i = 0; i < table->tunnel_count; i++) {
    if (table->tunnels[i].encapsulation != ENCAPSULATION_UDP) continue;
    uint16_t port = table->tunnels[i].source_port;
    size_t at = 0;
    while (at < count && ports[at] != port) at++;
    if (at < count) continue;
    if (count == FILTER_PORTS) return FILTER_PORTS + 1;
    ports[count++] = port;
  }
  return count;
}

struct program {
  struct sock_filter code[32 + FILTER_ADDRESSES * 9 + FILTER_PORTS];
  unsigned short length;
};

static void emit(struct program *program, uint16_t code, uint8_t if_true, uint8_t if_false, uint32_t value) {
  program->code[program->length++] = (struct sock_filter){code, if_true, if_false, value};
}

/* Loads are relative to the IP header, whatever the link's header is. */
static void emit_load(struct program *program, uint16_t size, uint32_t offset) {
  emit(program, BPF_LD | BPF_ABS | size, 0, 0, (uint32_t)SKF_NET_OFF + offset);
}

static void emit_verdict(struct program *program, uint32_t octets) { emit(program, BPF_RET | BPF_K, 0, 0, octets); }

/* What was sent to this host alone, and not by it. */
static void emit_received_only(struct program *program) {
  emit(program, BPF_LD | BPF_ABS | BPF_W, 0, 0, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
  emit(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, PACKET_HOST);
  emit_verdict(program, 0);
}

static void emit_ipv6(struct program *program, const struct table *table) {
  const uint8_t *addresses[FILTER_ADDRESSES];
  size_t count = own_addresses(table, false, addresses);
  emit_load(program, BPF_B, IPV6_NEXT_HEADER);
  emit(program, BPF_JMP | BPF_JEQ | BPF_K, 7, 0, PROTOCOL_IPV6);
  emit(program, BPF_JMP | BPF_JEQ | BPF_K, 6, 0, PROTOCOL_IPV4);
  emit(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, PROTOCOL_DESTINATION_OPTIONS);
  emit(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, PROTOCOL_FRAGMENT);
  emit_load(program, BPF_B, IPV6_HEADER_BYTES);
  emit(program, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, PROTOCOL_IPV6);
  emit(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, PROTOCOL_IPV4);
  emit_verdict(program, 0);
  for (size_t i = 0; count <= FILTER_ADDRESSES && i < count; i++) {
    for (uint8_t word = 0; word < 4; word++) {
      emit_load(program, BPF_W, IPV6_DESTINATION + word * 4u);
      /* A difference leads to the next address. */
      emit(program, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)(7 - 2 * word), load32(addresses[i] + word * 4));
    }
    emit_verdict(program, WHOLE_PACKET);
  }
  emit_verdict(program, count > FILTER_ADDRESSES ? WHOLE_PACKET : 0);
}

/* Goes on behind its end with a datagram for one of the ports, or with a fragment that does not tell. */
static void emit_ports(struct program *program, const struct table *table) {
  uint16_t ports[FILTER_PORTS];
  size_t count = own_ports(table, ports);
  if (count > FILTER_PORTS) return;
  if (count == 0) {
    emit_verdict(program, 0);
    return;
  }
  emit_load(program, BPF_H, IPV4_FRAGMENT_FIELD);
  emit(program, BPF_JMP | BPF_JSET | BPF_K, (uint8_t)(count + 3), 0, IPV4_FRAGMENT_OFFSET);
  emit(program, BPF_LDX | BPF_B | BPF_MSH, 0, 0, (uint32_t)SKF_NET_OFF);
  emit(program, BPF_LD | BPF_IND | BPF_H, 0, 0, (uint32_t)SKF_NET_OFF + 2);
  for (size_t i = 0; i < count; i++) emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(count - i), 0, ports[i]);
  emit_verdict(program, 0);
}

static void emit_ipv4(struct program *program, const struct table *table) {
  const uint8_t *addresses[FILTER_ADDRESSES];
  size_t count = own_addresses(table, true, addresses);
  emit_load(program, BPF_W, IPV4_DESTINATION);
  for (size_t i = 0; count <= FILTER_ADDRESSES && i < count; i++)
    emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(count - i), 0, load32(addresses[i] + 12));
  if (count <= FILTER_ADDRESSES) emit_verdict(program, 0);
  emit_load(program, BPF_B, IPV4_PROTOCOL);
  emit(program, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, PROTOCOL_IPV6);
  emit(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, PROTOCOL_IPV4);
  emit(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 2, PROTOCOL_UDP);
  emit_verdict(program, WHOLE_PACKET);
  emit(program, BPF_JMP | BPF_JA, 0, 0, 1);
  emit_verdict(program, 0);
  emit_ports(program, table);
  emit_verdict(program, WHOLE_PACKET);
}

int filter_attach(int socket, bool ipv4, const struct table *table) {
  struct program program = {.length = 0};
  emit_received_only(&program);
  if (ipv4) emit_ipv4(&program, table);
  else emit_ipv6(&program, table);
  struct sock_fprog attached = {program.length, program.code};
  return setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached) == 0 ? 0 : -errno;
}
