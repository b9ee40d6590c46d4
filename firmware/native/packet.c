/* Packet sockets: what arrives on an interface, seen before the kernel handles it. */
#include <errno.h>
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/native.h"

/* Room for a burst of signalling while a turn runs: some thousand Binding Updates. */
enum { RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024 };

/* Returns the descriptor or -errno. */
static int open_packet(int interface_index, uint16_t ether_type, const struct bytes *program)
{
    /* Protocol 0: nothing arrives before bind names the ethertype, so that the filter never misses a packet. */
    int descriptor = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    struct sock_fprog filter = {
        .len = (unsigned short)(program->length / sizeof(struct sock_filter)),
        .filter = (struct sock_filter *)(void *)program->data,
    };
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ether_type), .sll_ifindex = interface_index};
    const int one = 1, size = RECEIVE_BUFFER_BYTES;
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    if (setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ||
        setsockopt(descriptor, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ||
        bind(descriptor, (struct sockaddr *)&address, sizeof(address)) < 0) {
        int error = -errno;
        close(descriptor);
        return error;
    }
    return descriptor;
}

static JSValue js_packet_open(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    int32_t interface_index, ether_type;
    struct bytes program;
    if (!argument_int(ctx, argv[0], "interfaceIndex", 1, INT32_MAX, &interface_index) ||
        !argument_int(ctx, argv[1], "etherType", 1, 0xffff, &ether_type) || !argument_buffer(ctx, argv[2], &program))
        return JS_EXCEPTION;
    if (program.length == 0 || program.length % sizeof(struct sock_filter) != 0 ||
        program.length / sizeof(struct sock_filter) > BPF_MAXINSNS)
        return JS_ThrowRangeError(ctx, "a program of %u octets", (unsigned)program.length);
    int descriptor = open_packet(interface_index, (uint16_t)ether_type, &program);
    if (descriptor < 0) return JS_NewInt32(ctx, descriptor);
    return JS_NewInt32(ctx, handle_open(&native_of(ctx)->handles, HANDLE_PACKET, descriptor, READABLE));
}

static const JSCFunctionListEntry entries[] = {
    NATIVE_FUNCTION("packetOpen", 3, js_packet_open),
};
NATIVE_LIST(packet_list, entries);
