/* The TUN device that user traffic goes through. The forwarder sets its offloads and reads and writes it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "native/native.h"

static int open_tun(const char *name)
{
    int descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return -errno;
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
    memcpy(request.ifr_name, name, strlen(name));
    if (ioctl(descriptor, TUNSETIFF, &request) == 0) return descriptor;
    int error = -errno;
    close(descriptor);
    return error;
}

static JSValue js_tun_open(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    const char *name = argument_text(ctx, argv[0], "name");
    if (name == NULL) return JS_EXCEPTION;
    size_t length = strlen(name);
    int descriptor = length > 0 && length < IFNAMSIZ ? open_tun(name) : 0;
    JS_FreeCString(ctx, name);
    if (descriptor == 0) return JS_ThrowRangeError(ctx, "a device's name has 1 to %d octets", IFNAMSIZ - 1);
    if (descriptor < 0) return JS_NewInt32(ctx, descriptor);
    /* Not watched: its packets are the forwarder's, and the loop would spin on them. */
    return JS_NewInt32(ctx, handle_open(&native_of(ctx)->handles, HANDLE_TUN, descriptor, 0));
}

static const JSCFunctionListEntry entries[] = {
    NATIVE_FUNCTION("tunOpen", 1, js_tun_open),
};
NATIVE_LIST(tun_list, entries);
