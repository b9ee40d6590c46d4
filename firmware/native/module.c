#include "native/native.h"

static const struct native_list *const lists[] = {
    &process_list, &files_list,   &command_list, &packet_list, &raw_list,  &udp_list,      &receive_list,
    &stream_list,  &resolve_list, &netlink_list, &tun_list,    &hash_list, &forwarder_list,
};
enum { LIST_COUNT = sizeof(lists) / sizeof(lists[0]) };

static int init(JSContext *ctx, JSModuleDef *module)
{
    for (int i = 0; i < LIST_COUNT; i++) {
        if (JS_SetModuleExportList(ctx, module, lists[i]->entries, lists[i]->count) < 0) return -1;
    }
    return process_set_values(ctx, module);
}

JSModuleDef *native_module(JSContext *ctx, const char *name)
{
    JSModuleDef *module = JS_NewCModule(ctx, name, init);
    if (module == NULL) return NULL;
    for (int i = 0; i < LIST_COUNT; i++) {
        if (JS_AddModuleExportList(ctx, module, lists[i]->entries, lists[i]->count) < 0) return NULL;
    }
    static const char *const values[] = {"commandLine", "version", "littleEndian"};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (JS_AddModuleExport(ctx, module, values[i]) < 0) return NULL;
    }
    return module;
}
