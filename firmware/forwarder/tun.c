#include "tun.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <sys/ioctl.h>

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#define TCP_OFFLOADS (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)

bool tun_set_up(struct tun *tun, int descriptor) {
  tun->descriptor = descriptor;
  int size = sizeof(struct virtio_net_hdr);
  if (ioctl(descriptor, TUNSETVNETHDRSZ, &size) != 0) return false;
  /* Linux 6.2 and later; an older one refuses the unknown bits, and UDP super-packets too. */
  tun->udp_segmentation = ioctl(descriptor, TUNSETOFFLOAD, TCP_OFFLOADS | TUN_F_USO4 | TUN_F_USO6) == 0;
  if (!tun->udp_segmentation && ioctl(descriptor, TUNSETOFFLOAD, TCP_OFFLOADS) != 0) return false;
  int flags = fcntl(descriptor, F_GETFL);
  return flags >= 0 && fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0;
}
