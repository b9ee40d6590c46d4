/* Sends whole IPv6 and IPv4 packets, headers as given; has the kernel join groups. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/native.h"

static JSValue js_raw_open(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc, (void)argv;
    int descriptor = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_RAW);
    if (descriptor < 0) return JS_NewInt32(ctx, -errno);
    /* Our own kernel must not hear what we tell the link, such as whose an address is: it would believe it. */
    int off = 0;
    if (setsockopt(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof(off)) < 0) {
        int error = errno;
        close(descriptor);
        return JS_NewInt32(ctx, -error);
    }
    return JS_NewInt32(ctx, handle_open(&native_of(ctx)->handles, HANDLE_RAW, descriptor, READABLE));
}

/* `control` tells the routing rules the source, for the kernel does not look into a header that is included. */
static int send_to(int descriptor, struct bytes packet, void *destination, socklen_t length, void *control,
                   size_t control_length)
{
    struct iovec part = {.iov_base = packet.data, .iov_len = packet.length};
    struct msghdr message = {
        .msg_name = destination,
        .msg_namelen = length,
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = control_length,
    };
    ssize_t sent;
    do {
        sent = sendmsg(descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : (int)sent;
}

static int send_ipv6(int descriptor, struct bytes packet, int interface_index)
{
    struct ip6_hdr header;
    memcpy(&header, packet.data, sizeof(header));
    struct sockaddr_in6 destination = {.sin6_family = AF_INET6, .sin6_addr = header.ip6_dst};
    if (IN6_IS_ADDR_LINKLOCAL(&header.ip6_dst) || IN6_IS_ADDR_MC_LINKLOCAL(&header.ip6_dst))
        destination.sin6_scope_id = (uint32_t)interface_index;
    union {
        struct cmsghdr header;
        uint8_t space[CMSG_SPACE(sizeof(struct in6_pktinfo))];
    } control;
    memset(&control, 0, sizeof(control));
    control.header.cmsg_level = IPPROTO_IPV6;
    control.header.cmsg_type = IPV6_PKTINFO;
    control.header.cmsg_len = CMSG_LEN(sizeof(struct in6_pktinfo));
    struct in6_pktinfo information = {.ipi6_addr = header.ip6_src, .ipi6_ifindex = (unsigned)interface_index};
    memcpy(CMSG_DATA(&control.header), &information, sizeof(information));
    return send_to(descriptor, packet, &destination, sizeof(destination), &control, sizeof(control));
}

static JSValue js_raw_ipv4_open(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc, (void)argv;
    /* This protocol implies that headers are included. */
    int descriptor = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_RAW);
    if (descriptor < 0) return JS_NewInt32(ctx, -errno);
    return JS_NewInt32(ctx, handle_open(&native_of(ctx)->handles, HANDLE_RAW_IPV4, descriptor, READABLE));
}

static int send_ipv4(int descriptor, struct bytes packet, int interface_index)
{
    struct ip header;
    memcpy(&header, packet.data, sizeof(header));
    struct sockaddr_in destination = {.sin_family = AF_INET, .sin_addr = header.ip_dst};
    union {
        struct cmsghdr header;
        uint8_t space[CMSG_SPACE(sizeof(struct in_pktinfo))];
    } control;
    memset(&control, 0, sizeof(control));
    control.header.cmsg_level = IPPROTO_IP;
    control.header.cmsg_type = IP_PKTINFO;
    control.header.cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
    struct in_pktinfo information = {.ipi_spec_dst = header.ip_src, .ipi_ifindex = interface_index};
    memcpy(CMSG_DATA(&control.header), &information, sizeof(information));
    return send_to(descriptor, packet, &destination, sizeof(destination), &control, sizeof(control));
}

static JSValue js_raw_ipv4_send(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct handle *handle = argument_handle(ctx, argv[0], HANDLE_RAW_IPV4);
    struct bytes packet;
    int32_t interface_index;
    if (handle == NULL || !argument_range(ctx, argv[1], argv[2], argv[3], &packet) ||
        !argument_int(ctx, argv[4], "interfaceIndex", 0, INT32_MAX, &interface_index))
        return JS_EXCEPTION;
    if (packet.length < sizeof(struct ip) || packet.data[0] >> 4 != 4)
        return JS_ThrowRangeError(ctx, "not an IPv4 packet");
    return JS_NewInt32(ctx, send_ipv4(handle->descriptor, packet, interface_index));
}

static JSValue js_raw_send(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct handle *handle = argument_handle(ctx, argv[0], HANDLE_RAW);
    struct bytes packet;
    int32_t interface_index;
    if (handle == NULL || !argument_range(ctx, argv[1], argv[2], argv[3], &packet) ||
        !argument_int(ctx, argv[4], "interfaceIndex", 0, INT32_MAX, &interface_index))
        return JS_EXCEPTION;
    if (packet.length < sizeof(struct ip6_hdr) || packet.data[0] >> 4 != 6)
        return JS_ThrowRangeError(ctx, "not an IPv6 packet");
    return JS_NewInt32(ctx, send_ipv6(handle->descriptor, packet, interface_index));
}

/* Multicast groups and anycast addresses have options of their own, which take the same request. */
static int set_membership(int descriptor, const struct in6_addr *address, int interface_index, bool join)
{
    struct ipv6_mreq request = {.ipv6mr_multiaddr = *address, .ipv6mr_interface = (unsigned)interface_index};
    int option;
    if (IN6_IS_ADDR_MULTICAST(address))
        option = join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP;
    else
        option = join ? IPV6_JOIN_ANYCAST : IPV6_LEAVE_ANYCAST;
    return setsockopt(descriptor, IPPROTO_IPV6, option, &request, sizeof(request)) < 0 ? -errno : 0;
}

static JSValue change_membership(JSContext *ctx, JSValueConst *argv, bool join)
{
    struct handle *handle = argument_handle(ctx, argv[0], HANDLE_RAW);
    struct bytes address;
    int32_t interface_index;
    if (handle == NULL || !argument_buffer(ctx, argv[1], &address) ||
        !argument_int(ctx, argv[2], "interfaceIndex", 1, INT32_MAX, &interface_index))
        return JS_EXCEPTION;
    struct in6_addr octets;
    if (address.length != sizeof(octets))
        return JS_ThrowRangeError(ctx, "an address of %u octets", (unsigned)address.length);
    memcpy(&octets, address.data, sizeof(octets));
    return JS_NewInt32(ctx, set_membership(handle->descriptor, &octets, interface_index, join));
}

static JSValue js_join_group(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    return change_membership(ctx, argv, true);
}

static JSValue js_leave_group(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    return change_membership(ctx, argv, false);
}

static const JSCFunctionListEntry entries[] = {
    NATIVE_FUNCTION("rawIpv6Open", 0, js_raw_open),
    NATIVE_FUNCTION("rawIpv6Send", 5, js_raw_send),
    NATIVE_FUNCTION("rawIpv4Open", 0, js_raw_ipv4_open),
    NATIVE_FUNCTION("rawIpv4Send", 5, js_raw_ipv4_send),
    NATIVE_FUNCTION("ipv6JoinGroup", 3, js_join_group),
    NATIVE_FUNCTION("ipv6LeaveGroup", 3, js_leave_group),
};
NATIVE_LIST(raw_list, entries);
