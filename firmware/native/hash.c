/* Hashes and HMACs, by mbedTLS 2.28 or 3.x. */
#include <mbedtls/md.h>

#include "native/native.h"

enum { HASH_SHA1 = 1, HASH_SHA256 = 2, HASH_MD5 = 3 };

static const mbedtls_md_info_t *algorithm_of(JSContext *ctx, JSValueConst value)
{
    static const mbedtls_md_type_t types[] = {
        [HASH_SHA1] = MBEDTLS_MD_SHA1, [HASH_SHA256] = MBEDTLS_MD_SHA256, [HASH_MD5] = MBEDTLS_MD_MD5};
    int32_t number;
    if (!argument_int(ctx, value, "algorithm", HASH_SHA1, HASH_MD5, &number)) return NULL;
    const mbedtls_md_info_t *algorithm = mbedtls_md_info_from_type(types[number]);
    if (algorithm == NULL) JS_ThrowInternalError(ctx, "mbedTLS was built without this hash");
    return algorithm;
}

static JSValue digest_value(JSContext *ctx, const mbedtls_md_info_t *algorithm, const uint8_t *digest, int error)
{
    if (error != 0) return JS_ThrowInternalError(ctx, "mbedTLS: error -0x%04x", (unsigned)-error);
    return JS_NewArrayBufferCopy(ctx, digest, mbedtls_md_get_size(algorithm));
}

static JSValue js_hash(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    const mbedtls_md_info_t *algorithm = algorithm_of(ctx, argv[0]);
    struct bytes range;
    if (algorithm == NULL || !argument_range(ctx, argv[1], argv[2], argv[3], &range)) return JS_EXCEPTION;
    uint8_t digest[MBEDTLS_MD_MAX_SIZE];
    int error = mbedtls_md(algorithm, range.data, range.length, digest);
    return digest_value(ctx, algorithm, digest, error);
}

static JSValue js_hmac(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    const mbedtls_md_info_t *algorithm = algorithm_of(ctx, argv[0]);
    struct bytes key, range;
    if (algorithm == NULL || !argument_buffer(ctx, argv[1], &key) ||
        !argument_range(ctx, argv[2], argv[3], argv[4], &range))
        return JS_EXCEPTION;
    uint8_t digest[MBEDTLS_MD_MAX_SIZE];
    int error = mbedtls_md_hmac(algorithm, key.data, key.length, range.data, range.length, digest);
    return digest_value(ctx, algorithm, digest, error);
}

static JSValue js_equal(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct bytes a, b;
    if (!argument_buffer(ctx, argv[0], &a) || !argument_buffer(ctx, argv[1], &b)) return JS_EXCEPTION;
    if (a.length != b.length) return JS_FALSE;
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < a.length; i++) difference |= a.data[i] ^ b.data[i];
    return JS_NewBool(ctx, difference == 0);
}

static const JSCFunctionListEntry entries[] = {
    NATIVE_NUMBER("HASH_SHA1", HASH_SHA1),
    NATIVE_NUMBER("HASH_SHA256", HASH_SHA256),
    NATIVE_NUMBER("HASH_MD5", HASH_MD5),
    NATIVE_FUNCTION("hash", 4, js_hash),
    NATIVE_FUNCTION("hmac", 5, js_hmac),
    NATIVE_FUNCTION("equalConstantTime", 2, js_equal),
};
NATIVE_LIST(hash_list, entries);
