/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atom.h - the atomic operations of rings and wakes, each in one place
 *
 * What two threads agree by is written with these names and no others, so that
 * a test can put its own in their place and step real code through every order
 * of them: it defines all of them before it includes anything.
 *
 * Orders: RELAXED; ACQUIRE loads; RELEASE stores; FULL is sequentially
 * consistent: a FULL store is seen by all before the FULL loads after it.
 */
#ifndef WEIR_BASE_ATOM_H
#define WEIR_BASE_ATOM_H

#ifndef WEIR_ATOM_LOAD
#include <stdatomic.h>

#define WEIR_ATOM_RELAXED memory_order_relaxed
#define WEIR_ATOM_ACQUIRE memory_order_acquire
#define WEIR_ATOM_RELEASE memory_order_release
#define WEIR_ATOM_FULL    memory_order_seq_cst

#define WEIR_ATOM(type)               _Atomic(type)
#define WEIR_ATOM_LOAD(at, order)     atomic_load_explicit(at, order)
#define WEIR_ATOM_STORE(at, v, order) atomic_store_explicit(at, v, order)
#define WEIR_ATOM_SWAP(at, v)         atomic_exchange(at, v)
#define WEIR_ATOM_ADD(at, v, order)   atomic_fetch_add_explicit(at, v, order)
#define WEIR_ATOM_SUBTRACT(at, v)     atomic_fetch_sub(at, v)
#endif

/* a moment of nothing, while the other processor works */
#if defined(__x86_64__) || defined(__i386__)
#define WEIR_ATOM_PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define WEIR_ATOM_PAUSE() __asm__ volatile("isb" ::: "memory")
#else
#define WEIR_ATOM_PAUSE() ((void)0)
#endif

/**
 * WEIR_ATOM_COUNT() - add to a counter that one thread alone writes
 *
 * No lock: others may read it at any time.
 */
#define WEIR_ATOM_COUNT(at, v)                                                 \
	WEIR_ATOM_STORE(at, WEIR_ATOM_LOAD(at, WEIR_ATOM_RELAXED) + (v),       \
			WEIR_ATOM_RELAXED)

#endif /* WEIR_BASE_ATOM_H */
