#include "datapath.h"

#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

bool datapath_create(struct datapath *datapath, int tun_descriptor) {
  uint32_t identification = 0;
  /* Without random numbers so early after the start of a device, counting from zero is still right. */
  if (getrandom(&identification, sizeof identification, GRND_NONBLOCK) < 0) identification = 0;
  if (!tun_set_up(&datapath->tun, tun_descriptor)) return false;
  datapath->arena_used = 0;
  datapath->arena = malloc(ARENA_BYTES);
  datapath->spare = malloc(HEADROOM_BYTES + LARGEST_PACKET_BYTES);
  if (datapath->arena && datapath->spare && receive_batch_create(&datapath->batch)) {
    if (core_create(&datapath->core, FLOW_CAPACITY, identification)) return true;
    receive_batch_destroy(&datapath->batch);
  }
  free(datapath->spare);
  free(datapath->arena);
  return false;
}

void datapath_destroy(struct datapath *datapath) {
  core_destroy(&datapath->core);
  receive_batch_destroy(&datapath->batch);
  free(datapath->spare);
  free(datapath->arena);
}
