/* TCP and UNIX streams. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "native/native.h"

enum { BACKLOG = 64 };

static int close_with_error(int descriptor)
{
    int error = -errno;
    close(descriptor);
    return error;
}

static JSValue new_handle(JSContext *ctx, enum handle_kind kind, int descriptor)
{
    if (descriptor < 0) return JS_NewInt32(ctx, descriptor);
    return JS_NewInt32(ctx, handle_open(&native_of(ctx)->handles, kind, descriptor, READABLE));
}

static int open_stream(int family)
{
    int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    const int one = 1;
    /* What goes over these streams are small messages that somebody waits for. */
    if (family != AF_UNIX) setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return descriptor;
}

static JSValue js_tcp_connect(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct sockaddr_storage remote, local;
    socklen_t remote_length, local_length = 0;
    if (!argument_address(ctx, argv[0], argv[1], &remote, &remote_length)) return JS_EXCEPTION;
    if (!JS_IsUndefined(argv[2])) {
        if (!argument_address(ctx, argv[2], JS_NewInt32(ctx, 0), &local, &local_length)) return JS_EXCEPTION;
        if (local.ss_family != remote.ss_family) return JS_ThrowRangeError(ctx, "addresses of two families");
    }
    int descriptor = open_stream(remote.ss_family);
    if (descriptor < 0) return JS_NewInt32(ctx, descriptor);
    const int one = 1;
    if (local_length > 0) {
        /* The port is chosen with the remote end in view, else it would be taken from everybody. */
        setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
        if (bind(descriptor, (struct sockaddr *)&local, local_length) < 0)
            return JS_NewInt32(ctx, close_with_error(descriptor));
    }
    if (connect(descriptor, (struct sockaddr *)&remote, remote_length) < 0 && errno != EINPROGRESS)
        return JS_NewInt32(ctx, close_with_error(descriptor));
    return new_handle(ctx, HANDLE_STREAM, descriptor);
}

static JSValue js_tcp_listen(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct sockaddr_storage address;
    socklen_t length;
    if (!argument_address(ctx, argv[0], argv[1], &address, &length)) return JS_EXCEPTION;
    int descriptor = open_stream(address.ss_family);
    if (descriptor < 0) return JS_NewInt32(ctx, descriptor);
    const int one = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (address.ss_family == AF_INET6) setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (bind(descriptor, (struct sockaddr *)&address, length) < 0 || listen(descriptor, BACKLOG) < 0)
        return JS_NewInt32(ctx, close_with_error(descriptor));
    return new_handle(ctx, HANDLE_LISTENER, descriptor);
}

static bool unix_address(JSContext *ctx, JSValueConst value, struct sockaddr_un *address)
{
    const char *path = argument_text(ctx, value, "path");
    if (path == NULL) return false;
    size_t length = strlen(path);
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    bool good = length > 0 && length < sizeof(address->sun_path);
    if (good)
        memcpy(address->sun_path, path, length);
    else
        JS_ThrowRangeError(ctx, "a socket's path has 1 to %u octets", (unsigned)sizeof(address->sun_path) - 1);
    JS_FreeCString(ctx, path);
    return good;
}

static int connect_unix(const struct sockaddr_un *address)
{
    int descriptor = open_stream(AF_UNIX);
    if (descriptor < 0) return descriptor;
    if (connect(descriptor, (const struct sockaddr *)address, sizeof(*address)) < 0) return close_with_error(descriptor);
    return descriptor;
}

static int listen_unix(const struct sockaddr_un *address)
{
    int descriptor = open_stream(AF_UNIX);
    if (descriptor < 0) return descriptor;
    /* Before the file exists, so that there is no moment at which others may connect. */
    if (fchmod(descriptor, 0600) < 0) return close_with_error(descriptor);
    int error = bind(descriptor, (const struct sockaddr *)address, sizeof(*address));
    if (error < 0 && errno == EADDRINUSE) {
        int probe = connect_unix(address);
        if (probe >= 0) close(probe);
        /* Only a socket that refuses is an orphan; a file of another kind is not ours to remove. */
        if (probe == -ECONNREFUSED && unlink(address->sun_path) == 0)
            error = bind(descriptor, (const struct sockaddr *)address, sizeof(*address));
        else
            errno = EADDRINUSE;
    }
    if (error < 0 || listen(descriptor, BACKLOG) < 0) return close_with_error(descriptor);
    return descriptor;
}

static JSValue js_unix_listen(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct sockaddr_un address;
    if (!unix_address(ctx, argv[0], &address)) return JS_EXCEPTION;
    return new_handle(ctx, HANDLE_LISTENER, listen_unix(&address));
}

static JSValue js_unix_connect(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct sockaddr_un address;
    if (!unix_address(ctx, argv[0], &address)) return JS_EXCEPTION;
    return new_handle(ctx, HANDLE_STREAM, connect_unix(&address));
}

static JSValue js_accept(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct handle *handle = argument_handle(ctx, argv[0], HANDLE_LISTENER);
    if (handle == NULL) return JS_EXCEPTION;
    int descriptor;
    do {
        descriptor = accept4(handle->descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED));
    return new_handle(ctx, HANDLE_STREAM, descriptor < 0 ? -errno : descriptor);
}

static JSValue js_stream_error(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct handle *handle = argument_handle(ctx, argv[0], HANDLE_STREAM | HANDLE_LISTENER);
    if (handle == NULL) return JS_EXCEPTION;
    int error = 0;
    socklen_t length = sizeof(error);
    if (getsockopt(handle->descriptor, SOL_SOCKET, SO_ERROR, &error, &length) < 0) error = errno;
    return JS_NewInt32(ctx, -error);
}

static JSValue js_stream_read(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct handle *handle = argument_handle(ctx, argv[0], HANDLE_STREAM);
    struct bytes range;
    if (handle == NULL || !argument_range(ctx, argv[1], argv[2], argv[3], &range)) return JS_EXCEPTION;
    if (range.length == 0) return JS_ThrowRangeError(ctx, "no room to read into");
    ssize_t got;
    do {
        got = recv(handle->descriptor, range.data, range.length, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    return JS_NewInt32(ctx, got < 0 ? -errno : (int32_t)got);
}

static JSValue js_stream_write(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct handle *handle = argument_handle(ctx, argv[0], HANDLE_STREAM);
    struct bytes range;
    if (handle == NULL || !argument_range(ctx, argv[1], argv[2], argv[3], &range)) return JS_EXCEPTION;
    ssize_t sent;
    do {
        sent = send(handle->descriptor, range.data, range.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return JS_NewInt32(ctx, sent < 0 ? -errno : (int32_t)sent);
}

static const JSCFunctionListEntry entries[] = {
    NATIVE_FUNCTION("tcpConnect", 3, js_tcp_connect),   NATIVE_FUNCTION("tcpListen", 2, js_tcp_listen),
    NATIVE_FUNCTION("unixListen", 1, js_unix_listen),   NATIVE_FUNCTION("unixConnect", 1, js_unix_connect),
    NATIVE_FUNCTION("accept", 1, js_accept),            NATIVE_FUNCTION("streamError", 1, js_stream_error),
    NATIVE_FUNCTION("streamRead", 4, js_stream_read),   NATIVE_FUNCTION("streamWrite", 4, js_stream_write),
};
NATIVE_LIST(stream_list, entries);
