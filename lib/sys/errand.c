/* SPDX-License-Identifier: Apache-2.0 */
/* errand.c - work that other threads of the process bring to one thread */
#include "sys/errand.h"

#include <stddef.h>

#include "base/must.h"

void weir_errand_init(struct weir_errand_list *l, void (*wake)(void *ctx),
		      void *ctx)
{
	*l = (struct weir_errand_list){ .wake = wake, .ctx = ctx };
	weir_must(pthread_mutex_init(&l->lock, NULL) == 0);
	weir_must(pthread_cond_init(&l->changed, NULL) == 0);
}

void weir_errand_fini(struct weir_errand_list *l)
{
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
}

void weir_errand_open(struct weir_errand_list *l)
{
	pthread_mutex_lock(&l->lock);
	l->open = true;
	pthread_mutex_unlock(&l->lock);
}

bool weir_errand_do(struct weir_errand_list *l, struct weir_errand *e)
{
	bool open;

	e->next = NULL;
	e->done = false;
	pthread_mutex_lock(&l->lock);
	open = l->open;
	if (open) {
		if (l->last)
			l->last->next = e;
		else
			l->first = e;
		l->last = e;
		l->wake(l->ctx);
	}
	while (open && !e->done && l->open)
		pthread_cond_wait(&l->changed, &l->lock);
	pthread_mutex_unlock(&l->lock);
	return e->done;
}

static struct weir_errand *take(struct weir_errand_list *l)
{
	struct weir_errand *e;

	pthread_mutex_lock(&l->lock);
	e = l->first;
	if (e)
		l->first = e->next;
	if (!l->first)
		l->last = NULL;
	pthread_mutex_unlock(&l->lock);
	return e;
}

void weir_errand_run(struct weir_errand_list *l, void *owner)
{
	struct weir_errand *e;

	while ((e = take(l)) != NULL) {
		if (e->run)
			e->run(owner, e);
		pthread_mutex_lock(&l->lock);
		e->done = true; /* from here on it is the other's again */
		pthread_cond_broadcast(&l->changed);
		pthread_mutex_unlock(&l->lock);
	}
}

void weir_errand_close(struct weir_errand_list *l)
{
	pthread_mutex_lock(&l->lock);
	l->open = false;
	l->first = l->last = NULL;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}
