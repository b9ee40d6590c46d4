/* The TUN device: packets with a virtio header in front, standing for several where offloads are on. */
#ifndef MONAMI_FORWARDER_TUN_H
#define MONAMI_FORWARDER_TUN_H

#include <stdbool.h>

struct tun {
  int descriptor;
  bool udp_segmentation; /* takes and brings UDP segmentation offload */
};

/* Switches the device's offloads on and makes it non-blocking. False with errno set on failure. */
bool tun_set_up(struct tun *tun, int descriptor);

#endif
