/* QuickJS as the native part uses it. MONAMI_QUICKJS_RELEASE is the release's date as a number: 20250426 is the pinned
 * one, 20250913 the one that OpenWrt's feed builds from. Whatever differs between them stands here and nowhere else; of
 * what is used, nothing does yet. */
#ifndef MONAMI_COMPAT_H
#define MONAMI_COMPAT_H

#ifndef MONAMI_QUICKJS_RELEASE
#error "MONAMI_QUICKJS_RELEASE is not set"
#endif
#if MONAMI_QUICKJS_RELEASE < 20250426
#error "QuickJS before 2025-04-26 lacks parts of the interface that the host needs"
#endif

/* The engine's header is not written for our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wcast-function-type"
#include "quickjs.h"
#pragma GCC diagnostic pop

#endif
