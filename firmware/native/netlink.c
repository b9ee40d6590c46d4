/* rtnetlink: the kernel's links, addresses, routes and rules. */
#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/native.h"

enum { RECEIVE_BUFFER_BYTES = 1024 * 1024, GROUP_LIMIT = 32 };

static int open_netlink(const int32_t *groups, int count)
{
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (descriptor < 0) return -errno;
    const int size = RECEIVE_BUFFER_BYTES;
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    int error = bind(descriptor, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
    for (int i = 0; error == 0 && i < count; i++) {
        if (setsockopt(descriptor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])) < 0)
            error = -errno;
    }
    if (error == 0) return descriptor;
    close(descriptor);
    return error;
}

static JSValue js_netlink_open(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    int32_t groups[GROUP_LIMIT];
    int count = argument_int_list(ctx, argv[0], "group", groups, GROUP_LIMIT);
    if (count < 0) return JS_EXCEPTION;
    int descriptor = open_netlink(groups, count);
    if (descriptor < 0) return JS_NewInt32(ctx, descriptor);
    return JS_NewInt32(ctx, handle_open(&native_of(ctx)->handles, HANDLE_NETLINK, descriptor, READABLE));
}

static JSValue js_netlink_send(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct handle *handle = argument_handle(ctx, argv[0], HANDLE_NETLINK);
    struct bytes range;
    if (handle == NULL || !argument_range(ctx, argv[1], argv[2], argv[3], &range)) return JS_EXCEPTION;
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent;
    do {
        sent = sendto(handle->descriptor, range.data, range.length, MSG_DONTWAIT, (struct sockaddr *)&kernel,
                      sizeof(kernel));
    } while (sent < 0 && errno == EINTR);
    return JS_NewInt32(ctx, sent < 0 ? -errno : (int32_t)sent);
}

static const JSCFunctionListEntry entries[] = {
    NATIVE_FUNCTION("netlinkOpen", 1, js_netlink_open),
    NATIVE_FUNCTION("netlinkSend", 4, js_netlink_send),
};
NATIVE_LIST(netlink_list, entries);
