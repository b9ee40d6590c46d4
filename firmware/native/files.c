/* Standard streams, files, text and syslog. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "native/native.h"

enum { FILE_LIMIT_BYTES = 64 * 1024 * 1024 };

static int write_whole(int descriptor, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(descriptor, data, length);
        if (written >= 0) {
            data += written;
            length -= (size_t)written;
        } else if (errno == EAGAIN) {
            /* Whoever gave us this stream may have made it non-blocking. */
            struct pollfd ready = {.fd = descriptor, .events = POLLOUT};
            poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

static JSValue js_print(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    int32_t descriptor;
    size_t length;
    if (!argument_int(ctx, argv[0], "descriptor", 1, 2, &descriptor)) return JS_EXCEPTION;
    char *text = argument_utf8(ctx, argv[1], &length);
    if (text == NULL) return JS_EXCEPTION;
    int result = write_whole(descriptor, text, length);
    free(text);
    return JS_NewInt32(ctx, result);
}

/* Reads to the end rather than by the file's size: standard input and the files of /proc have none. */
static int read_whole(int descriptor, uint8_t **data, size_t *length)
{
    size_t size = 0, used = 0;
    uint8_t *buffer = NULL;
    for (;;) {
        if (used == size) {
            size = size == 0 ? 16384 : size * 2;
            uint8_t *grown = size > (size_t)FILE_LIMIT_BYTES * 2 ? NULL : realloc(buffer, size);
            if (grown == NULL) {
                free(buffer);
                return -ENOMEM;
            }
            buffer = grown;
        }
        ssize_t got = read(descriptor, buffer + used, size - used);
        if (got == 0) break;
        if (got < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN) {
                struct pollfd ready = {.fd = descriptor, .events = POLLIN};
                poll(&ready, 1, -1);
                continue;
            }
            int error = -errno;
            free(buffer);
            return error;
        }
        used += (size_t)got;
        if (used > FILE_LIMIT_BYTES) {
            free(buffer);
            return -EFBIG;
        }
    }
    *data = buffer;
    *length = used;
    return 0;
}

static JSValue js_read_file(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    const char *path = argument_text(ctx, argv[0], "path");
    if (path == NULL) return JS_EXCEPTION;
    bool standard = strcmp(path, "-") == 0;
    int descriptor = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    int error = descriptor < 0 ? -errno : 0;
    JS_FreeCString(ctx, path);
    if (error < 0) return JS_NewInt32(ctx, error);
    uint8_t *data = NULL;
    size_t length = 0;
    error = read_whole(descriptor, &data, &length);
    if (!standard) close(descriptor);
    if (error < 0) return JS_NewInt32(ctx, error);
    JSValue buffer = JS_NewArrayBufferCopy(ctx, data, length);
    free(data);
    return buffer;
}

/* The rename lasts over a loss of power only when the directory is on the disk too. */
static void sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash == NULL ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
    if (directory == NULL) return;
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
    free(directory);
}

static int write_file(const char *path, const struct bytes *data, mode_t mode)
{
    char *temporary;
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0) return -ENOMEM;
    int descriptor = mkostemp(temporary, O_CLOEXEC);
    if (descriptor < 0) {
        int error = -errno;
        free(temporary);
        return error;
    }
    int error = write_whole(descriptor, (const char *)data->data, data->length);
    if (error == 0 && (fchmod(descriptor, mode) < 0 || fsync(descriptor) < 0)) error = -errno;
    if (close(descriptor) < 0 && error == 0) error = -errno;
    if (error == 0 && rename(temporary, path) < 0) error = -errno;
    if (error < 0)
        unlink(temporary);
    else
        sync_directory(path);
    free(temporary);
    return error;
}

static JSValue js_write_file(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct bytes data;
    int32_t mode;
    if (!argument_buffer(ctx, argv[1], &data) || !argument_int(ctx, argv[2], "mode", 0, 07777, &mode))
        return JS_EXCEPTION;
    const char *path = argument_text(ctx, argv[0], "path");
    if (path == NULL) return JS_EXCEPTION;
    int error = write_file(path, &data, (mode_t)mode);
    JS_FreeCString(ctx, path);
    return JS_NewInt32(ctx, error);
}

static JSValue js_remove_file(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    const char *path = argument_text(ctx, argv[0], "path");
    if (path == NULL) return JS_EXCEPTION;
    int error = unlink(path) < 0 ? -errno : 0;
    JS_FreeCString(ctx, path);
    return JS_NewInt32(ctx, error);
}

static JSValue js_write_system_file(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    const char *path = argument_text(ctx, argv[0], "path");
    if (path == NULL) return JS_EXCEPTION;
    if ((strncmp(path, "/proc/sys/", 10) != 0 && strncmp(path, "/sys/", 5) != 0) || strstr(path, "/../") != NULL) {
        JS_FreeCString(ctx, path);
        return JS_ThrowRangeError(ctx, "not a path in /proc/sys or /sys");
    }
    size_t length;
    char *text = argument_utf8(ctx, argv[1], &length);
    if (text == NULL) {
        JS_FreeCString(ctx, path);
        return JS_EXCEPTION;
    }
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    int error = descriptor < 0 ? -errno : 0;
    /* The kernel takes such a value in one write. */
    if (descriptor >= 0 && write(descriptor, text, length) < 0) error = -errno;
    if (descriptor >= 0) close(descriptor);
    free(text);
    JS_FreeCString(ctx, path);
    return JS_NewInt32(ctx, error);
}

static JSValue js_file_mode(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    const char *path = argument_text(ctx, argv[0], "path");
    if (path == NULL) return JS_EXCEPTION;
    struct stat status;
    int result = stat(path, &status) < 0 ? -errno : (int)(status.st_mode & 07777);
    JS_FreeCString(ctx, path);
    return JS_NewInt32(ctx, result);
}

static JSValue js_utf8_decode(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct bytes range;
    if (!argument_range(ctx, argv[0], argv[1], argv[2], &range)) return JS_EXCEPTION;
    return text_value(ctx, range.data, range.length);
}

static JSValue js_utf8_encode(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    size_t length;
    char *text = argument_utf8(ctx, argv[0], &length);
    if (text == NULL) return JS_EXCEPTION;
    JSValue buffer = JS_NewArrayBufferCopy(ctx, (const uint8_t *)text, length);
    free(text);
    return buffer;
}

static JSValue js_syslog(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    static bool opened;
    int32_t priority;
    size_t length;
    if (!argument_int(ctx, argv[0], "priority", 0, 0x3ff, &priority)) return JS_EXCEPTION;
    char *text = argument_utf8(ctx, argv[1], &length);
    if (text == NULL) return JS_EXCEPTION;
    if (!opened) openlog("monami", LOG_PID, LOG_DAEMON);
    opened = true;
    syslog(priority, "%s", text);
    free(text);
    return JS_UNDEFINED;
}

static const JSCFunctionListEntry entries[] = {
    NATIVE_FUNCTION("print", 2, js_print),
    NATIVE_FUNCTION("readFile", 1, js_read_file),
    NATIVE_FUNCTION("writeFile", 3, js_write_file),
    NATIVE_FUNCTION("removeFile", 1, js_remove_file),
    NATIVE_FUNCTION("fileMode", 1, js_file_mode),
    NATIVE_FUNCTION("writeSystemFile", 2, js_write_system_file),
    NATIVE_FUNCTION("utf8Decode", 3, js_utf8_decode),
    NATIVE_FUNCTION("utf8Encode", 1, js_utf8_encode),
    NATIVE_FUNCTION("syslog", 2, js_syslog),
};
NATIVE_LIST(files_list, entries);
