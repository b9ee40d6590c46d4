/*
 * The forwarder without the rest of the router, for measurements and for tests in network namespaces:
 *
 *   forwarder-standalone TUN TABLE-FILE
 *
 * creates the TUN device, applies the table and prints "ready". SIGHUP applies the file again, SIGUSR1 prints all
 * counters in one line, SIGTERM ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../firmware/forwarder/forwarder.h"

static int open_tun(const char *name) {
  int descriptor = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
  strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
  if (descriptor >= 0 && ioctl(descriptor, TUNSETIFF, &request) == 0) return descriptor;
  perror(name);
  exit(1);
}

static void apply(struct forwarder *forwarder, const char *path) {
  static uint8_t bytes[1 << 20];
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    exit(1);
  }
  size_t length = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  int status = forwarder_apply(forwarder, bytes, length);
  if (status == 0) return;
  fprintf(stderr, "%s: %s\n", path, strerror(-status));
  exit(1);
}

static void print_statistics(struct forwarder *forwarder) {
  static double counters[4096];
  size_t count = forwarder_statistics(forwarder, counters, sizeof counters / sizeof *counters);
  for (size_t i = 0; i < count && i < sizeof counters / sizeof *counters; i++) printf("%.0f ", counters[i]);
  printf("\n");
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGUSR1);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  int tun = open_tun(argv[1]);
  struct forwarder *forwarder = forwarder_start(tun);
  if (!forwarder) {
    perror("forwarder");
    return 1;
  }
  apply(forwarder, argv[2]);
  puts("ready");
  fflush(stdout);
  for (int number; sigwait(&signals, &number) == 0 && number != SIGTERM;) {
    if (number == SIGHUP) apply(forwarder, argv[2]);
    else print_statistics(forwarder);
  }
  forwarder_stop(forwarder);
  close(tun);
  return 0;
}
