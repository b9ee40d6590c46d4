/* UDP sockets over IPv4 and IPv6. */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/native.h"

/* Returns 0, or -1 with errno set. */
static int bind_to_interface(int descriptor, int interface_index)
{
    char name[IF_NAMESIZE] = "";
    if (if_indextoname((unsigned)interface_index, name) == NULL) return -1;
    return setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, name, sizeof(name));
}

/* `interface_index`: packets come and go by this interface alone, unless it is 0. */
static int open_udp(const struct sockaddr_storage *address, socklen_t length, bool reuse, int interface_index)
{
    int descriptor = socket(address->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    const int one = 1;
    bool six = address->ss_family == AF_INET6;
    /* So that `receive` can tell the interface; and IPv4 never hides in an IPv6 socket. */
    int error = six ? setsockopt(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one))
                    : setsockopt(descriptor, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
    if (error == 0 && six) error = setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (error == 0 && reuse) error = setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (error == 0 && interface_index != 0) error = bind_to_interface(descriptor, interface_index);
    if (error == 0) error = bind(descriptor, (const struct sockaddr *)address, length);
    if (error == 0) return descriptor;
    error = -errno;
    close(descriptor);
    return error;
}

static JSValue js_udp_open(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct sockaddr_storage address;
    socklen_t length;
    int32_t interface_index = 0;
    if (!argument_address(ctx, argv[0], argv[1], &address, &length) ||
        (!JS_IsUndefined(argv[3]) &&
         !argument_int(ctx, argv[3], "interfaceIndex", 0, INT32_MAX, &interface_index)))
        return JS_EXCEPTION;
    int descriptor = open_udp(&address, length, JS_ToBool(ctx, argv[2]) == 1, interface_index);
    if (descriptor < 0) return JS_NewInt32(ctx, descriptor);
    return JS_NewInt32(ctx, handle_open(&native_of(ctx)->handles, HANDLE_UDP, descriptor, READABLE));
}

static JSValue js_udp_send(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct handle *handle = argument_handle(ctx, argv[0], HANDLE_UDP);
    struct bytes data;
    struct sockaddr_storage address;
    socklen_t length;
    if (handle == NULL || !argument_range(ctx, argv[1], argv[2], argv[3], &data) ||
        !argument_address(ctx, argv[4], argv[5], &address, &length))
        return JS_EXCEPTION;
    ssize_t sent;
    do {
        sent = sendto(handle->descriptor, data.data, data.length, MSG_DONTWAIT | MSG_NOSIGNAL,
                      (struct sockaddr *)&address, length);
    } while (sent < 0 && errno == EINTR);
    return JS_NewInt32(ctx, sent < 0 ? -errno : (int32_t)sent);
}

static const JSCFunctionListEntry entries[] = {
    NATIVE_FUNCTION("udpOpen", 4, js_udp_open),
    NATIVE_FUNCTION("udpSend", 6, js_udp_send),
};
NATIVE_LIST(udp_list, entries);
