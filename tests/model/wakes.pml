/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wakes.pml - how two ends of a ring sleep and wake each other (lib/link/end.c)
 *
 * A writer and a taker share a ring of SLOTS frames.  Each store to an index or
 * to `waits` goes to a store buffer of its thread (one entry, which is enough:
 * each thread flushes before its next) and reaches memory later; a FULL store
 * waits until it has.  Both poll where there is nothing to do.
 *
 *	spin -a wakes.pml && cc -DSAFETY -o pan pan.c && ./pan
 *	                              no wake is lost
 *	spin -DWEAK_STORE -a …        the writer's fence is left out
 *	spin -DWEAK_ANNOUNCE -a …     the sleeper's fence is left out
 *	spin -DNO_RECHECK -a …        the sleeper looks no second time
 *	spin -DLATE_READ -a …         the eventfd is read after announcing
 *
 * Each of the last four must end in an error: a state in which both wait.
 * tests/unit/link/test_model.c does all that where spin is installed, and
 * test_wakes.c steps the real code through the same.
 */
#define FRAMES 4
#define SLOTS  2

byte tail, head;     /* in memory */
byte fd[2];          /* eventfds: 0 the writer's, 1 the taker's */
bool waits[2];       /* announced */
byte buf_tail, buf_head; /* store buffers */
bool has_tail, has_head;
bool buf_waits[2], has_waits[2];

inline store_tail(v)
{
	atomic { !has_tail -> buf_tail = v; has_tail = true }
#ifndef WEAK_STORE
	!has_tail
#endif
}

inline store_head(v)
{
	atomic { !has_head -> buf_head = v; has_head = true }
	!has_head
}

inline announce(me)
{
#ifdef WEAK_ANNOUNCE
	atomic { !has_waits[me] -> buf_waits[me] = true; has_waits[me] = true }
#else
	/* a swap: nothing is buffered before or after */
	atomic { !has_waits[me] -> waits[me] = true }
#endif
}

/* the other end looks whether I sleep, after a FULL store of mine */
inline look(other)
{
	if
	:: waits[other] ->
		if
		:: atomic { waits[other] -> waits[other] = false }
			fd[other]++
		:: atomic { !waits[other] -> skip }
		fi
	:: else
	fi
}

inline settle(me, something)
{
	found = false;
#ifndef LATE_READ
	fd[me] = 0;
	announce(me);
#else
	announce(me);
	fd[me] = 0;
#endif
#ifndef NO_RECHECK
	if
	:: something ->
		found = true;
		/* the announcement is taken back; who took it writes */
		atomic { if
			 :: waits[me] -> waits[me] = false; fd[me]++
			 :: else
			 fi }
	:: else
	fi
#endif
}

proctype writer()
{
	byte n = 0;
	bool found;

	do
	:: n == FRAMES -> break
	:: n < FRAMES && n - head < SLOTS ->
		n++;
		store_tail(n);
		look(1)
	:: n < FRAMES && n - head >= SLOTS ->
		settle(0, n - head < SLOTS);
		found || fd[0] > 0	/* else poll */
	od
}

proctype taker()
{
	byte n = 0;
	bool found;

	do
	:: n == FRAMES -> break
	:: n < FRAMES && tail != n ->
		n++;
		store_head(n);
		look(0)
	:: n < FRAMES && tail == n ->
		settle(1, tail != n);
		found || fd[1] > 0	/* else poll */
	od
}

/* memory takes what is buffered, when it likes */
active proctype memory()
{
end:
	do
	:: atomic { has_tail -> tail = buf_tail; has_tail = false }
	:: atomic { has_head -> head = buf_head; has_head = false }
	:: atomic { has_waits[0] -> waits[0] = buf_waits[0]; has_waits[0] = false }
	:: atomic { has_waits[1] -> waits[1] = buf_waits[1]; has_waits[1] = false }
	od
}

init {
	waits[0] = true;
	waits[1] = true;
	run writer();
	run taker()
}
