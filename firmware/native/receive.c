/* Receives batches of packets from every kind of socket that has packets. */
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "native/native.h"

enum {
    BATCH_LIMIT = 64,
    NETLINK_ROOM_BYTES = 32 * 1024,
    /* While more packets wait than were taken: what is let through that no known key has signed, and for how many batches
     * the socket is searched for what is. */
    STRANGERS_LIMIT = 16,
    SEARCHED_BATCHES = 64,
};

/* The columns of a row of `meta`. */
enum {
    META_OFFSET,
    META_LENGTH,
    META_WIRE_LENGTH,
    META_INTERFACE,
    META_PORT,
    META_ADDRESS_LENGTH,
    META_ADDRESS,
};

union control {
    struct cmsghdr header;
    uint8_t space[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo))];
};

static void set_address(int32_t *row, const void *address, int32_t length, uint16_t port)
{
    row[META_PORT] = ntohs(port);
    row[META_ADDRESS_LENGTH] = length;
    memcpy(&row[META_ADDRESS], address, (size_t)length);
}

static void set_sender(int32_t *row, const struct sockaddr_storage *sender)
{
    if (sender->ss_family == AF_INET) {
        const struct sockaddr_in *sin = (const struct sockaddr_in *)sender;
        set_address(row, &sin->sin_addr, 4, sin->sin_port);
    } else if (sender->ss_family == AF_INET6) {
        const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)sender;
        set_address(row, &sin6->sin6_addr, 16, sin6->sin6_port);
    } else if (sender->ss_family == AF_PACKET) {
        row[META_INTERFACE] = ((const struct sockaddr_ll *)sender)->sll_ifindex;
    }
}

static void set_interface(int32_t *row, struct msghdr *message)
{
    for (struct cmsghdr *item = CMSG_FIRSTHDR(message); item != NULL; item = CMSG_NXTHDR(message, item)) {
        if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo information;
            memcpy(&information, CMSG_DATA(item), sizeof(information));
            row[META_INTERFACE] = (int32_t)information.ipi6_ifindex;
        } else if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo information;
            memcpy(&information, CMSG_DATA(item), sizeof(information));
            row[META_INTERFACE] = information.ipi_ifindex;
        }
    }
}

static void fill_row(int32_t *row, size_t offset, size_t room, size_t wire_length)
{
    memset(row, 0, META_WORDS * sizeof(*row));
    row[META_OFFSET] = (int32_t)offset;
    row[META_LENGTH] = (int32_t)(wire_length < room ? wire_length : room);
    row[META_WIRE_LENGTH] = (int32_t)wire_length;
}

/* Each packet gets an equal share of the range. Returns the number of packets or -errno. */
static int receive_packets(int descriptor, struct bytes range, size_t offset, int32_t *meta, int maximum)
{
    struct mmsghdr messages[BATCH_LIMIT];
    struct iovec parts[BATCH_LIMIT];
    struct sockaddr_storage senders[BATCH_LIMIT];
    union control controls[BATCH_LIMIT];
    size_t room = range.length / (size_t)maximum;
    if (room > 8) room &= ~(size_t)7;
    for (int i = 0; i < maximum; i++) {
        parts[i] = (struct iovec){.iov_base = range.data + (size_t)i * room, .iov_len = room};
        senders[i].ss_family = AF_UNSPEC;
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &senders[i],
            .msg_namelen = sizeof(senders[i]),
            .msg_iov = &parts[i],
            .msg_iovlen = 1,
            .msg_control = &controls[i],
            .msg_controllen = sizeof(controls[i]),
        };
    }
    /* MSG_TRUNC: tell the length on the wire also of a packet that did not fit. */
    int count = recvmmsg(descriptor, messages, (unsigned)maximum, MSG_DONTWAIT | MSG_TRUNC, NULL);
    if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) {
        int32_t *row = meta + i * META_WORDS;
        fill_row(row, offset + (size_t)i * room, room, messages[i].msg_len);
        set_sender(row, &senders[i]);
        set_interface(row, &messages[i].msg_hdr);
    }
    return count;
}

/*
 * The same, but that under a flood only a few of the packets that nobody known has signed are kept: those behind them are
 * not to wait until all have been looked at.
 */
static int receive_admitted(struct native *native, int descriptor, struct bytes range, size_t offset, int32_t *meta,
                            int maximum)
{
    size_t room = range.length / (size_t)maximum;
    if (room > 8) room &= ~(size_t)7;
    int kept = 0, strangers = 0;
    bool flooded = false;
    for (int batch = 0; batch < SEARCHED_BATCHES && kept < maximum; batch++) {
        int asked = maximum - kept;
        size_t used = (size_t)kept * room;
        struct bytes rest = {range.data + used, room * (size_t)asked};
        int count = receive_packets(descriptor, rest, offset + used, meta + kept * META_WORDS, asked);
        if (count < 0) return kept > 0 ? kept : count;
        flooded |= count == asked;
        int first = kept;
        for (int i = first; i < first + count; i++) {
            int32_t *row = meta + i * META_WORDS;
            uint8_t *packet = range.data + ((size_t)row[META_OFFSET] - offset);
            bool is_kept = !flooded || admission_is_signed(native->admission, packet, (size_t)row[META_LENGTH]) ||
                           strangers++ < STRANGERS_LIMIT;
            if (!is_kept) {
                native->held_back++;
                continue;
            }
            if (i > kept) {
                int32_t *place = meta + kept * META_WORDS;
                size_t start = (size_t)kept * room;
                memcpy(range.data + start, packet, (size_t)row[META_LENGTH]);
                memcpy(place, row, META_WORDS * sizeof(*row));
                place[META_OFFSET] = (int32_t)(offset + start);
            }
            kept++;
        }
        if (count < asked) break;
    }
    return kept;
}

/* Netlink's datagrams differ in size by orders of magnitude, and the kernel sizes a dump's after the room that it sees:
 * each gets all that is left. Returns the number of datagrams or -errno. */
static int receive_netlink(int descriptor, struct bytes range, size_t offset, int32_t *meta, int maximum)
{
    int count = 0;
    size_t used = 0;
    while (count < maximum && (used == 0 || range.length - used >= NETLINK_ROOM_BYTES)) {
        struct sockaddr_nl sender = {0};
        struct iovec part = {.iov_base = range.data + used, .iov_len = range.length - used};
        struct msghdr message = {
            .msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &part, .msg_iovlen = 1};
        ssize_t got = recvmsg(descriptor, &message, MSG_DONTWAIT | MSG_TRUNC);
        if (got < 0) {
            if (errno == EINTR) continue;
            /* An error with packets in hand is told at the next call, except that the kernel tells it but once. */
            if (errno == ENOBUFS) return -ENOBUFS;
            return errno == EAGAIN || count > 0 ? count : -errno;
        }
        /* Only the kernel speaks for the kernel. */
        if (sender.nl_pid != 0) continue;
        fill_row(meta + count * META_WORDS, offset + used, part.iov_len, (size_t)got);
        used += (size_t)meta[count * META_WORDS + META_LENGTH];
        used = (used + NLMSG_ALIGNTO - 1) & ~(size_t)(NLMSG_ALIGNTO - 1);
        if (used > range.length) used = range.length;
        count++;
    }
    return count;
}

static JSValue js_receive(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct handle *handle =
        argument_handle(ctx, argv[0], HANDLE_PACKET | HANDLE_RAW | HANDLE_UDP | HANDLE_NETLINK);
    struct bytes range, meta;
    int32_t offset, maximum;
    if (handle == NULL || !argument_range(ctx, argv[1], argv[2], argv[3], &range) ||
        !argument_int(ctx, argv[2], "offset", 0, INT32_MAX, &offset) ||
        !argument_array(ctx, argv[4], sizeof(int32_t), &meta) ||
        !argument_int(ctx, argv[5], "maximum", 1, INT32_MAX, &maximum))
        return JS_EXCEPTION;
    if ((size_t)maximum > meta.length / (META_WORDS * sizeof(int32_t)))
        return JS_ThrowRangeError(ctx, "meta has no room for %d packets", maximum);
    if ((size_t)maximum > range.length) return JS_ThrowRangeError(ctx, "the range is too small");
    if (maximum > BATCH_LIMIT) maximum = BATCH_LIMIT;
    struct native *native = native_of(ctx);
    int32_t *rows = (int32_t *)(void *)meta.data;
    int count;
    if (handle->kind == HANDLE_NETLINK)
        count = receive_netlink(handle->descriptor, range, (size_t)offset, rows, maximum);
    else if (handle->kind == HANDLE_PACKET && native->admission != NULL)
        count = receive_admitted(native, handle->descriptor, range, (size_t)offset, rows, maximum);
    else
        count = receive_packets(handle->descriptor, range, (size_t)offset, rows, maximum);
    return JS_NewInt32(ctx, count);
}

static JSValue js_admit_signed(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct native *native = native_of(ctx);
    struct bytes associations;
    if (!argument_buffer(ctx, argv[0], &associations)) return JS_EXCEPTION;
    if (associations.length % ASSOCIATION_BYTES != 0)
        return JS_ThrowRangeError(ctx, "associations of %u octets", (unsigned)associations.length);
    struct admission *admission = admission_create(associations.data, associations.length / ASSOCIATION_BYTES);
    if (admission == NULL) return JS_NewInt32(ctx, -ENOMEM);
    admission_free(native->admission);
    native->admission = admission;
    return JS_NewInt32(ctx, 0);
}

static JSValue js_held_back(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc, (void)argv;
    return JS_NewFloat64(ctx, native_of(ctx)->held_back);
}

static const JSCFunctionListEntry entries[] = {
    NATIVE_FUNCTION("receive", 6, js_receive),
    NATIVE_FUNCTION("admitSigned", 1, js_admit_signed),
    NATIVE_FUNCTION("heldBack", 0, js_held_back),
    NATIVE_NUMBER("META_WORDS", META_WORDS),
};
NATIVE_LIST(receive_list, entries);
