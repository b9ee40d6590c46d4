/* Sends pre-built IPv4 packets, source addresses and all, as fast as it can: flood DESTINATION FILE SECONDS MOST.
 * FILE holds packets, each behind its length in two octets. Prints how many were sent. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 64, FILE_OCTETS = 1 << 22, PACKETS = 8192 };

static unsigned char octets[FILE_OCTETS];
static struct iovec packets[PACKETS];

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static size_t read_packets(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    size_t length = fread(octets, 1, sizeof octets, file);
    fclose(file);
    size_t count = 0;
    for (size_t at = 0; at + 2 <= length && count < PACKETS; count++) {
        size_t packet = (size_t)octets[at] << 8 | octets[at + 1];
        packets[count] = (struct iovec){octets + at + 2, packet};
        at += 2 + packet;
    }
    return count;
}

int main(int argc, char **argv)
{
    if (argc != 5) return 2;
    struct sockaddr_in destination = {.sin_family = AF_INET};
    size_t count = read_packets(argv[2]);
    int descriptor = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (count == 0 || descriptor < 0 || inet_pton(AF_INET, argv[1], &destination.sin_addr) != 1) return 2;
    if (connect(descriptor, (struct sockaddr *)&destination, sizeof destination) < 0) return 2;
    const double end = now() + atof(argv[3]);
    const long most = atol(argv[4]);
    long sent = 0;
    for (size_t next = 0; sent < most && now() < end;) {
        struct mmsghdr batch[BATCH] = {0};
        for (size_t index = 0; index < BATCH; index++) {
            batch[index].msg_hdr.msg_iov = &packets[(next + index) % count];
            batch[index].msg_hdr.msg_iovlen = 1;
        }
        int done = sendmmsg(descriptor, batch, BATCH, 0);
        if (done > 0) sent += done;
        else if (errno != ENOBUFS && errno != EAGAIN && errno != EPERM) return 1;
        next = (next + (size_t)(done > 0 ? done : 1)) % count;
    }
    printf("%ld\n", sent);
    return 0;
}
