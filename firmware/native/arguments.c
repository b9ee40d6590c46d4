#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "native/native.h"

bool argument_int(JSContext *ctx, JSValueConst value, const char *name, int32_t minimum, int32_t maximum, int32_t *out)
{
    double number;
    if (!JS_IsNumber(value)) {
        JS_ThrowTypeError(ctx, "%s is not a number", name);
        return false;
    }
    if (JS_ToFloat64(ctx, &number, value) < 0) return false;
    if (!(number >= minimum && number <= maximum) || number != (int32_t)number) {
        JS_ThrowRangeError(ctx, "%s is not an integer from %d to %d", name, minimum, maximum);
        return false;
    }
    *out = (int32_t)number;
    return true;
}

bool argument_buffer(JSContext *ctx, JSValueConst buffer, struct bytes *out)
{
    out->data = JS_GetArrayBuffer(ctx, &out->length, buffer);
    return out->data != NULL;
}

bool argument_range(JSContext *ctx, JSValueConst buffer, JSValueConst offset, JSValueConst length, struct bytes *out)
{
    struct bytes whole;
    int32_t from, count;
    if (!argument_buffer(ctx, buffer, &whole) || !argument_int(ctx, offset, "offset", 0, INT32_MAX, &from) ||
        !argument_int(ctx, length, "length", 0, INT32_MAX, &count))
        return false;
    if ((size_t)from > whole.length || (size_t)count > whole.length - (size_t)from) {
        JS_ThrowRangeError(ctx, "%d octets at %d are not inside a buffer of %u", count, from, (unsigned)whole.length);
        return false;
    }
    *out = (struct bytes){whole.data + from, (size_t)count};
    return true;
}

bool argument_array(JSContext *ctx, JSValueConst array, size_t element_size, struct bytes *out)
{
    size_t offset, length, size;
    JSValue buffer = JS_GetTypedArrayBuffer(ctx, array, &offset, &length, &size);
    if (JS_IsException(buffer)) return false;
    struct bytes whole;
    bool good = argument_buffer(ctx, buffer, &whole);
    /* The array keeps its buffer alive. */
    JS_FreeValue(ctx, buffer);
    if (!good) return false;
    if (size != element_size || offset > whole.length || length > whole.length - offset) {
        JS_ThrowTypeError(ctx, "not an array with elements of %u octets", (unsigned)element_size);
        return false;
    }
    *out = (struct bytes){whole.data + offset, length};
    return true;
}

bool argument_address(JSContext *ctx, JSValueConst address, JSValueConst port, struct sockaddr_storage *out,
                      socklen_t *length)
{
    struct bytes octets;
    int32_t number;
    if (!argument_buffer(ctx, address, &octets) || !argument_int(ctx, port, "port", 0, 65535, &number)) return false;
    memset(out, 0, sizeof(*out));
    if (octets.length == 4) {
        struct sockaddr_in *sin = (struct sockaddr_in *)out;
        sin->sin_family = AF_INET;
        sin->sin_port = htons((uint16_t)number);
        memcpy(&sin->sin_addr, octets.data, 4);
        *length = sizeof(*sin);
        return true;
    }
    if (octets.length == 16) {
        struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)out;
        sin6->sin6_family = AF_INET6;
        sin6->sin6_port = htons((uint16_t)number);
        memcpy(&sin6->sin6_addr, octets.data, 16);
        *length = sizeof(*sin6);
        return true;
    }
    JS_ThrowRangeError(ctx, "an address has 4 or 16 octets, not %u", (unsigned)octets.length);
    return false;
}

int argument_int_list(JSContext *ctx, JSValueConst list, const char *name, int32_t *out, int capacity)
{
    if (!JS_IsArray(ctx, list)) {
        JS_ThrowTypeError(ctx, "%s is not an array", name);
        return -1;
    }
    JSValue length = JS_GetPropertyStr(ctx, list, "length");
    int32_t count;
    bool good = argument_int(ctx, length, "length", 0, capacity, &count);
    JS_FreeValue(ctx, length);
    if (!good) return -1;
    for (int32_t i = 0; i < count; i++) {
        JSValue item = JS_GetPropertyUint32(ctx, list, (uint32_t)i);
        good = argument_int(ctx, item, name, 1, INT32_MAX, &out[i]);
        JS_FreeValue(ctx, item);
        if (!good) return -1;
    }
    return count;
}

const char *argument_text(JSContext *ctx, JSValueConst value, const char *name)
{
    if (!JS_IsString(value)) {
        JS_ThrowTypeError(ctx, "%s is not a string", name);
        return NULL;
    }
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, value);
    if (text != NULL && strlen(text) != length) {
        JS_FreeCString(ctx, text);
        JS_ThrowTypeError(ctx, "%s has a NUL inside", name);
        return NULL;
    }
    return text;
}

/* The engine writes and reads lone surrogates as if they were characters; UTF-8 has no such sequence. */
static bool is_surrogate(const uint8_t *at, size_t left)
{
    return left >= 3 && at[0] == 0xed && (at[1] & 0xe0) == 0xa0 && (at[2] & 0xc0) == 0x80;
}

static void replace_surrogates(uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (is_surrogate(data + i, length - i)) memcpy(data + i, "\xef\xbf\xbd", 3);
    }
}

char *argument_utf8(JSContext *ctx, JSValueConst value, size_t *length)
{
    if (!JS_IsString(value)) {
        JS_ThrowTypeError(ctx, "the text is not a string");
        return NULL;
    }
    const char *text = JS_ToCStringLen(ctx, length, value);
    if (text == NULL) return NULL;
    char *copy = malloc(*length + 1);
    if (copy == NULL) {
        JS_ThrowOutOfMemory(ctx);
    } else {
        memcpy(copy, text, *length);
        copy[*length] = '\0';
        replace_surrogates((uint8_t *)copy, *length);
    }
    JS_FreeCString(ctx, text);
    return copy;
}

JSValue text_value(JSContext *ctx, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!is_surrogate(data + i, length - i)) continue;
        uint8_t *copy = malloc(length);
        if (copy == NULL) return JS_ThrowOutOfMemory(ctx);
        memcpy(copy, data, length);
        replace_surrogates(copy, length);
        JSValue text = JS_NewStringLen(ctx, (const char *)copy, length);
        free(copy);
        return text;
    }
    return JS_NewStringLen(ctx, (const char *)data, length);
}

struct handle *argument_handle(JSContext *ctx, JSValueConst value, unsigned kinds)
{
    int32_t number;
    if (!argument_int(ctx, value, "handle", INT32_MIN, INT32_MAX, &number)) return NULL;
    struct handle *handle = handle_find(&native_of(ctx)->handles, number);
    if (handle == NULL) {
        JS_ThrowTypeError(ctx, "%d is not an open handle", number);
        return NULL;
    }
    if ((handle->kind & kinds) == 0) {
        JS_ThrowTypeError(ctx, "handle %d is of another kind", number);
        return NULL;
    }
    return handle;
}
