/* What the native part's files share: the handle table, the checks of arguments, the lists that make up the module. */
#ifndef MONAMI_NATIVE_H
#define MONAMI_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "native/admission.h"
#include "native/compat.h"

/* --- handles -------------------------------------------------------------------------------------------------------
 * A handle is a small integer that stands for a descriptor and says what may be done with it. Its number carries a
 * generation, so that one that was closed is not taken for its successor. */

enum handle_kind {
    HANDLE_FREE = 0,
    HANDLE_SIGNAL = 1 << 0,
    HANDLE_PACKET = 1 << 1,
    HANDLE_RAW = 1 << 2,
    HANDLE_UDP = 1 << 3,
    HANDLE_NETLINK = 1 << 4,
    HANDLE_STREAM = 1 << 5,
    HANDLE_LISTENER = 1 << 6,
    HANDLE_RESOLVER = 1 << 7,
    HANDLE_TUN = 1 << 8,
    HANDLE_FORWARDER = 1 << 9,
    HANDLE_RAW_IPV4 = 1 << 10,
};

/* Readiness, as the contract numbers it. */
enum { READABLE = 1, WRITABLE = 2, HANGUP = 4 };

struct handle {
    enum handle_kind kind;
    uint32_t generation;
    int descriptor; /* -1: none */
    int readiness;  /* what is watched for */
    void *data;
    void (*release)(void *data); /* called before the descriptor is closed */
    uint32_t next_free;
};

struct handle_table {
    int epoll;
    struct handle *entries;
    uint32_t capacity;
    uint32_t first_free; /* 0: none; entry 0 is never used */
    uint32_t live;
};

int handle_table_init(struct handle_table *table);
/* Closes every handle, the youngest first. */
void handle_table_free(struct handle_table *table);

/* Takes over the descriptor and the data, also on failure. Returns the handle or -errno. */
int handle_open(struct handle_table *table, enum handle_kind kind, int descriptor, int readiness);
int handle_open_with(struct handle_table *table, enum handle_kind kind, int descriptor, int readiness, void *data,
                     void (*release)(void *data));
/* NULL if the number stands for no open handle. */
struct handle *handle_find(struct handle_table *table, int number);
int handle_watch(struct handle_table *table, int number, int readiness);
void handle_close(struct handle_table *table, int number);

/* --- what a context knows ------------------------------------------------------------------------------------------ */

struct native {
    struct handle_table handles;
    JSValue turn_handler; /* JS_UNDEFINED until onTurn */
    bool exiting;
    int exit_status;
    struct admission *admission; /* NULL: all packets are alike */
    double held_back;
    int argument_count; /* words behind the program's name */
    char **arguments;
};

static inline struct native *native_of(JSContext *ctx)
{
    return JS_GetContextOpaque(ctx);
}

/* Creates the module 'monami-native'; NULL with an exception pending on failure. */
JSModuleDef *native_module(JSContext *ctx, const char *name);

double monotonic_ms(void);

/* --- arguments ------------------------------------------------------------------------------------------------------
 * Each returns false with a TypeError or RangeError pending. */

struct bytes {
    uint8_t *data;
    size_t length;
};

bool argument_int(JSContext *ctx, JSValueConst value, const char *name, int32_t minimum, int32_t maximum, int32_t *out);
/* A whole ArrayBuffer. */
bool argument_buffer(JSContext *ctx, JSValueConst buffer, struct bytes *out);
/* A range of an ArrayBuffer. */
bool argument_range(JSContext *ctx, JSValueConst buffer, JSValueConst offset, JSValueConst length, struct bytes *out);
/* A typed array with elements of the given size. */
bool argument_array(JSContext *ctx, JSValueConst array, size_t element_size, struct bytes *out);
/* An address of 4 or 16 octets, and a port. */
bool argument_address(JSContext *ctx, JSValueConst address, JSValueConst port, struct sockaddr_storage *out,
                      socklen_t *length);
/* An array of small integers, at most `capacity`. Returns their number, or -1. */
int argument_int_list(JSContext *ctx, JSValueConst list, const char *name, int32_t *out, int capacity);
/* A string without NUL, to be freed with JS_FreeCString. NULL on failure. */
const char *argument_text(JSContext *ctx, JSValueConst value, const char *name);
/* A string as UTF-8 in which lone surrogates stand as U+FFFD, to be freed with free. NULL on failure. */
char *argument_utf8(JSContext *ctx, JSValueConst value, size_t *length);
/* An open handle of one of the kinds. NULL on failure. */
struct handle *argument_handle(JSContext *ctx, JSValueConst value, unsigned kinds);

/* UTF-8 to a string, with U+FFFD for what is not UTF-8. */
JSValue text_value(JSContext *ctx, const uint8_t *data, size_t length);

/* --- the lists that make up the module ----------------------------------------------------------------------------- */

struct native_list {
    const JSCFunctionListEntry *entries;
    int count;
};

#define NATIVE_LIST(name, entries) const struct native_list name = {entries, sizeof(entries) / sizeof((entries)[0])}
#define NATIVE_FUNCTION(name, length, function) JS_CFUNC_DEF(name, length, function)
#define NATIVE_NUMBER(name, value) JS_PROP_INT32_DEF(name, value, JS_PROP_ENUMERABLE)

extern const struct native_list process_list, files_list, command_list, packet_list, raw_list, udp_list, receive_list,
    stream_list, resolve_list, netlink_list, tun_list, hash_list, forwarder_list;

/* Sets the exports that are values rather than functions. */
int process_set_values(JSContext *ctx, JSModuleDef *module);

/* Words of META_WORDS: what `receive` says about a packet. */
#define META_WORDS 10

#endif
