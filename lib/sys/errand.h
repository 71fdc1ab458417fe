/* SPDX-License-Identifier: Apache-2.0 */
/*
 * errand.h - work that other threads of the process bring to one thread
 *
 * Only where Weir is inside a program (include/weir.h): its processes hear one
 * another by messages.  Who brings an errand waits until it is done, or until
 * none is taken any more.  The thread that does them is called by a wake of its
 * own, and takes the lock then and at no other time.
 */
#ifndef WEIR_SYS_ERRAND_H
#define WEIR_SYS_ERRAND_H

#include <pthread.h>
#include <stdbool.h>

/**
 * struct weir_errand - what is to be done
 *
 * At the beginning of a struct of whoever brings it, on his stack.
 *
 * @run:  on the other thread; @owner is what that thread works on.  NULL:
 *        nothing, it is only waited for
 * @next, @done: the room's own
 */
struct weir_errand {
	void (*run)(void *owner, struct weir_errand *self);
	struct weir_errand *next;
	bool done;
};

/**
 * struct weir_errand_list - those that wait
 * @wake: calls the thread that does them; many calls are one
 * @open: more are taken
 * @parting: done by that thread when it takes no more, under @lock; or NULL
 */
struct weir_errand_list {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	void (*wake)(void *ctx);
	void *ctx;
	struct weir_errand *first, *last, *parting;
	bool open;
};

/** weir_errand_init() - none waits, none is taken yet */
void weir_errand_init(struct weir_errand_list *l, void (*wake)(void *ctx),
		      void *ctx);

/** weir_errand_fini() - nobody waits any more */
void weir_errand_fini(struct weir_errand_list *l);

/** weir_errand_open() - the thread that does them is about to begin */
void weir_errand_open(struct weir_errand_list *l);

/**
 * weir_errand_do() - have it done, and wait for it
 *
 * Thread: any but the one that does them.
 * Return: true it was done; false none are taken: not begun, or ended.
 */
bool weir_errand_do(struct weir_errand_list *l, struct weir_errand *e);

/**
 * weir_errand_put() - the same without waiting
 *
 * @e is the list's until it is done, as one that was brought later is, or none
 * are taken any more.
 */
void weir_errand_put(struct weir_errand_list *l, struct weir_errand *e);

/** weir_errand_run() - do those that wait; @owner: what they work on */
void weir_errand_run(struct weir_errand_list *l, void *owner);

/** weir_errand_part() - do @parting, once, and close; by the thread that does
 * them */
void weir_errand_part(struct weir_errand_list *l, void *owner);

/** weir_errand_close() - take none any more; those that wait are not done */
void weir_errand_close(struct weir_errand_list *l);

#endif /* WEIR_SYS_ERRAND_H */
