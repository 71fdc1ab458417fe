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

/* The lock is held.  Return: false: none are taken. */
static bool add(struct weir_errand_list *l, struct weir_errand *e)
{
	e->next = NULL;
	e->done = false;
	if (!l->open)
		return false;
	if (l->last)
		l->last->next = e;
	else
		l->first = e;
	l->last = e;
	l->wake(l->ctx);
	return true;
}

void weir_errand_put(struct weir_errand_list *l, struct weir_errand *e)
{
	pthread_mutex_lock(&l->lock);
	(void)add(l, e);
	pthread_mutex_unlock(&l->lock);
}

bool weir_errand_do(struct weir_errand_list *l, struct weir_errand *e)
{
	bool open;

	pthread_mutex_lock(&l->lock);
	open = add(l, e);
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

void weir_errand_part(struct weir_errand_list *l, void *owner)
{
	pthread_mutex_lock(&l->lock);
	if (l->open && l->parting)
		l->parting->run(owner, l->parting);
	pthread_mutex_unlock(&l->lock);
	weir_errand_close(l);
}

void weir_errand_close(struct weir_errand_list *l)
{
	pthread_mutex_lock(&l->lock);
	l->open = false;
	l->first = l->last = NULL;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}
