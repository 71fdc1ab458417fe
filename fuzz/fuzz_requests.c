/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_requests.c - any bytes may be the requests of an HTTP/1 connection
 *
 * Input: a seed for cuts, the length of a server's answer, the answer, the
 * client's bytes.  They are followed once as a whole and once cut into pieces:
 * the heads must lie at the same places and the end be the same.
 */
#include "flow/requests.h"

#include "base/limits.h"
#include "base/rd.h"

#include <stdlib.h>

#define HEADS 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* one way through: @gone bytes went on, @owed more may without a look */
struct way {
	struct weir_requests r;
	struct weir_rd answer;
	uint64_t owed;
	size_t gone, head[HEADS], n_heads;
	enum weir_requests_is is;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void answer(struct way *w)
{
	const uint8_t *b = w->answer.at;
	size_t left = w->answer.left, step = left % 7 + 1;
	bool told = false;

	for (; left && !told; b += step, left -= step) {
		step = step < left ? step : left;
		told = weir_requests_answer(&w->r, b, step);
	}
	w->answer.left = 0; /* it was heard */
}

/* one look with @held bytes here; false: nothing goes on for now */
static bool look(struct way *w, const uint8_t *b, size_t held)
{
	struct weir_head head;
	uint64_t pass = 0;

	w->is = weir_requests_look(&w->r, b + w->gone, held, false, &pass,
				   &head);
	switch (w->is) {
	case WEIR_REQUESTS_PASS:
		must(pass > 0);
		w->owed = pass;
		return true;
	case WEIR_REQUESTS_HEAD:
		must(head.len <= held);
		if (w->n_heads < HEADS)
			w->head[w->n_heads++] = w->gone;
		weir_requests_allow(&w->r, &head);
		w->gone += head.len;
		return true;
	case WEIR_REQUESTS_WAIT:
		answer(w);
		w->is = weir_requests_look(&w->r, b + w->gone, 0, false, &pass,
					   &head);
		return w->is != WEIR_REQUESTS_WAIT;
	case WEIR_REQUESTS_FREE:
		must(held == 0 || !w->r.left);
		return false;
	case WEIR_REQUESTS_MORE:
	case WEIR_REQUESTS_BAD:
		break;
	}
	return false;
}

static void arrive(struct way *w, const uint8_t *b, size_t here)
{
	do {
		size_t n = here - w->gone;

		if (n > w->owed)
			n = (size_t)w->owed;
		w->gone += n;
		w->owed -= n;
		w->is = WEIR_REQUESTS_MORE;
	} while (!w->owed && look(w, b, here - w->gone));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_rd in = weir_rd_over(data, size);
	uint32_t seed = weir_rd_u8(&in);
	size_t n = weir_rd_u8(&in);
	struct way whole = { .owed = 0 }, cut;

	whole.answer = weir_rd_sub(&in, n < in.left ? n : in.left);
	if (!weir_rd_ok(&in))
		return 0;
	weir_requests_init(&whole.r);
	cut = whole;
	arrive(&whole, in.at, in.left);
	for (size_t here = 0; here < in.left;) {
		seed = seed * 1664525 + 1013904223;
		here += 1 + (seed >> 24) % (1 + seed % 97);
		if (here > in.left)
			here = in.left;
		arrive(&cut, in.at, here);
		if (cut.is == WEIR_REQUESTS_BAD)
			break;
	}
	if (in.left == 0)
		return 0;
	must(whole.is == cut.is);
	must(whole.n_heads == cut.n_heads);
	for (size_t i = 0; i < whole.n_heads; i++)
		must(whole.head[i] == cut.head[i]);
	must(whole.is == WEIR_REQUESTS_BAD || whole.gone == cut.gone);
	return 0;
}
