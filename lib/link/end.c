/* SPDX-License-Identifier: Apache-2.0 */
/*
 * end.c - one end of two rings: how one sleeps and the other wakes it
 *
 * An end that is busy costs the other one no system call.  One that finds
 * nothing to do says so in a word that the other reads after each batch, and
 * only then the other writes to its eventfd, once.
 *
 *	the sleeper (settle)              the other (send_now, give_now, flush)
 *
 *	1  read the eventfd away          a  tail or head = ...     FULL store
 *	2  waits = what for   FULL swap   b  waits?                 FULL load
 *	3  is it there?       FULL load   c  waits = 0              FULL swap
 *	4  sleep in poll                  d  write to the eventfd
 *
 * No wake is lost: either 3 sees what a did, or b sees what 2 did, since all
 * four are in the one order of FULL operations.  If both see it, the swap at c
 * says who of the two writes.
 *
 * The callers poll where we do not see it, level- or edge-triggered, and may
 * take one frame of many before they poll again.  So between calls one of two
 * things is true:
 *
 *	awake	  waits is 0, and the eventfd is readable, or somebody who
 *		  swapped waits is about to write to it;
 *	announced waits is what was announced, what it waits for was not there
 *		  after that, and whoever brings it will write.
 *
 * Reading the eventfd away would break the first unless the second becomes
 * true.  Therefore that is done nowhere but here, and where step 3 finds
 * something after all, we take the announcement back and write ourselves,
 * unless the other end did.
 *
 * Step 1 costs a system call, so it is done only if something is there to be
 * read: each swap that found an announcement (@claims) stands for one write,
 * and the eventfd says how many writes are read away (@drained).  A write that
 * is late is read away the next time; until then the caller may wake for
 * nothing, once.  Step 2 follows each step 1, also when the same is announced
 * already: what was read away may have answered that.
 *
 * Room: who found none says at which head of the other end its frame will
 * fit (from the slots, which are its own), so it is woken then and not before.
 * Who found none for the answer to a frame that it leaves in the ring waits for
 * room alone, or that frame would keep its eventfd readable.
 * As long as it neither tries again nor forgets it, room that is there keeps
 * the eventfd readable, whatever else was read away meanwhile.
 *
 * An end that took many frames since it last slept and finds no more rests for
 * a microsecond or two before step 1: a wake costs both sides more than that.
 * One that is woken for a frame or two does not, so that nobody waits for it.
 *
 * After the shutdown nothing is read away any more: the write of the one who
 * shut down stays.
 */
#include "link/end.h"

#ifndef WEIR_END_WRITE
#include "link/wake.h"
#define WEIR_END_WRITE(fd) weir_wake_write(fd)
#define WEIR_END_READ(fd)  weir_wake_read(fd)
#endif

#define MUCH        16u /* frames */
#define RESTS       2u
#define REST_PAUSES 16u

void weir_end_init(struct weir_end *e)
{
	e->announced = WEIR_END_FRAMES;
	WEIR_ATOM_STORE(&e->waits, WEIR_END_FRAMES, WEIR_ATOM_FULL);
}

/* What this end waits for and is there. */
static uint64_t there(struct weir_end *e, bool frames)
{
	uint64_t what = 0;

	if (frames && weir_ring_has(e->in, 0))
		what |= WEIR_END_FRAMES;
	if (e->wanted && weir_ring_fits(e->out, e->wanted))
		what |= WEIR_END_ROOM;
	if (WEIR_ATOM_LOAD(e->shutdown, WEIR_ATOM_FULL))
		what |= WEIR_END_SHUTDOWN;
	return what;
}

/* The other end swapped what was announced. */
static void claim(struct weir_end *e)
{
	e->announced = 0;
	e->claims++;
}

/* Is the eventfd readable, or will it be by what is there already? */
static bool is_told(struct weir_end *e, uint64_t what)
{
	if (e->announced && !WEIR_ATOM_LOAD(&e->waits, WEIR_ATOM_ACQUIRE))
		claim(e);
	if (what & WEIR_END_SHUTDOWN)
		return true;
	if (!e->announced)
		return what != 0;
	return (what & e->announced & WEIR_END_FRAMES) && !e->wanted;
}

/* After much work there is often more at once: sleep only if there is not. */
static void rest(struct weir_end *e)
{
	for (unsigned i = 0; i < RESTS; i++) {
		for (unsigned k = 0; k < REST_PAUSES; k++)
			WEIR_ATOM_PAUSE();
		if (weir_ring_has(e->in, 0))
			return;
	}
}

uint64_t weir_end_settle(struct weir_end *e, bool frames)
{
	uint64_t what, waits = frames ? WEIR_END_FRAMES : 0;

	if (e->in->out.head - e->settled >= MUCH)
		rest(e);
	what = there(e, frames);
	if (is_told(e, what))
		return what;
	if (e->wanted)
		waits |= WEIR_END_ROOM | weir_ring_when(e->out, e->wanted);
	if (e->claims != e->drained)
		e->drained += WEIR_END_READ(e->fd);
	else if (e->announced == waits)
		return what;
	if (!WEIR_ATOM_SWAP(&e->waits, waits) && e->announced)
		claim(e);
	e->announced = waits;
	what = there(e, frames);
	if (!what) {
		e->settled = e->in->out.head;
		return 0;
	}
	if (WEIR_ATOM_SWAP(&e->waits, UINT64_C(0)))
		WEIR_END_WRITE(e->fd);
	claim(e);
	return what;
}

void weir_end_wake(struct weir_end *e, uint64_t waits)
{
	struct weir_end *peer = e->peer;
	uint32_t head = e->in->out.head;
	bool room = e->gave && (waits & WEIR_END_ROOM) &&
		    (int32_t)(head - (uint32_t)waits) >= 0;

	if (!room && !(e->sent && (waits & WEIR_END_FRAMES)))
		return;
	if (!WEIR_ATOM_SWAP(&peer->waits, UINT64_C(0)))
		return;
	WEIR_END_WRITE(peer->fd);
	WEIR_ATOM_COUNT(&e->wakes, 1u);
}
