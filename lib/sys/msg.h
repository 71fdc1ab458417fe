/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg.h - small messages with descriptors between Weir's processes
 *
 * DOC: how it works
 *
 * Control shares one SOCK_SEQPACKET pair with the engine and one with the init
 * of a sandbox, or with the process that makes a card elsewhere (it says TAP or
 * TROUBLE).  A message is one packet:
 *
 *	u8 version, u8 kind, u16 zero, u32 length of the body, body
 *
 * in network order, with at most WEIR_MSG_FDS_MAX descriptors beside it.  A
 * packet of another version, of an unknown kind, whose length is not the
 * packet's, or that was cut, is refused; its descriptors are closed.  Bodies
 * are read by one parser each (charter.h for the largest); any process may be
 * hostile to the others.
 *
 *	control -> engine   CHARTER   what network to be; answered by READY
 *	                    LINK      one descriptor: the guest's frames
 *	                    POLICY    one descriptor: a sealed memory file with
 *	                              the compiled rules, the first or other ones
 *	                    UPSTREAMS the host's resolvers changed
 *	                    ADDRESSES the host's own addresses changed
 *	                    TALLY     asks for counters; answered by TALLY
 *	                    DOOR      a published port and its socket
 *	                    UNDOOR    u32 id: it is published no longer
 *	                    WANTED    u32 kinds of events that are wanted from
 *	                              now on, WEIR_EVENT_BIT()
 *	                    LIMITS    other rates, other number of flows
 *	                    PROXY     one descriptor: a SEQPACKET pair to it
 *	                    STOP      u32 ms: end when the hosts have taken what
 *	                              the guest sent, or then; answered by BYE
 *	engine -> control   READY     charter and link are in force
 *	                    FAILED    one sentence for the operator, then it ends
 *	                    TALLY     counters
 *	                    BYE       all flows ended; counters in the body
 *	                    UNLINK    the guest hung up; another LINK may come
 *	                    NOTE      one sentence for `-v`, or a limit reached
 *	                    EVENTS    what happened, for the log: one after the
 *	                              other u16 length, event (record/event.h)
 *	control -> proxy    PROXY     the other end of that pair
 *	                    CA        what leaves are signed with
 *	                    TRUST     one descriptor: certificates to believe
 *	                    POLICY    as to the engine
 *	                    STOP      end
 *	proxy -> control    READY, FAILED, NOTE, EVENTS, BYE as the engine
 *	engine -> proxy     HANDOVER  a connection, two descriptors (handover.h)
 *	proxy -> engine     HANDED    what became of it
 *	                    DENIED    a request of it was refused
 *	init -> control     TAP       u32 offload bits; the guest's card
 *	                    STARTED   CMD runs
 *	                    STOPPED   u32 signal: CMD was stopped (^Z)
 *	                    ENDED     u32 exit code of CMD, u32 ms that its
 *	                              sockets have lingered since
 *	                    TROUBLE   u32 exit code, one sentence, then it ends
 *	control -> init     GO        the network answers: start CMD
 *	                    RESUME    u32 1 if the terminal is CMD's: continue CMD
 *	                    END       u32 signal for CMD, then 900 ms
 */
#ifndef WEIR_SYS_MSG_H
#define WEIR_SYS_MSG_H

#include "base/limits.h"
#include "base/rd.h"

#define WEIR_MSG_VERSION      1u
#define WEIR_MSG_FDS_MAX      4u
#define WEIR_MSG_HEADER_BYTES 8u
#define WEIR_MSG_HAND_BYTES   64u /* most of a body of weir_msg_hand() */
#define WEIR_MSG_PACKET_BYTES (WEIR_MSG_MAX_BYTES + WEIR_MSG_HEADER_BYTES)

/* the system calls of this room, for the lists of confine.h */
#define WEIR_MSG_CALLS(X) X(sendmsg) X(recvmsg) X(close)

enum weir_msg_kind {
	WEIR_MSG_CHARTER = 1,
	WEIR_MSG_LINK,
	WEIR_MSG_UPSTREAMS,
	WEIR_MSG_ADDRESSES,
	WEIR_MSG_TALLY,
	WEIR_MSG_STOP,
	WEIR_MSG_READY,
	WEIR_MSG_FAILED,
	WEIR_MSG_BYE,
	WEIR_MSG_NOTE,
	WEIR_MSG_TAP,
	WEIR_MSG_STARTED,
	WEIR_MSG_STOPPED,
	WEIR_MSG_ENDED,
	WEIR_MSG_TROUBLE,
	WEIR_MSG_GO,
	WEIR_MSG_RESUME,
	WEIR_MSG_END,
	WEIR_MSG_DOOR,
	WEIR_MSG_UNDOOR,
	WEIR_MSG_EVENTS,
	WEIR_MSG_POLICY,
	WEIR_MSG_UNLINK,
	WEIR_MSG_WANTED,
	WEIR_MSG_LIMITS,
	WEIR_MSG_PROXY,
	WEIR_MSG_HANDOVER,
	WEIR_MSG_HANDED,
	WEIR_MSG_DENIED,
	WEIR_MSG_CA,
	WEIR_MSG_TRUST,
	WEIR_MSG_KINDS /* one past the last */
};

/**
 * struct weir_msg - one message received
 * @kind:  what it is
 * @body:  window on the caller's buffer
 * @fd:    descriptors, close-on-exec; the receiver owns them
 * @n_fds: how many
 */
struct weir_msg {
	enum weir_msg_kind kind;
	struct weir_rd body;
	int fd[WEIR_MSG_FDS_MAX];
	unsigned n_fds;
};

/**
 * weir_msg_send() - send one message, waiting for room if the socket blocks
 * @sock:  a SEQPACKET socket
 * @kind:  what it is
 * @body:  @len bytes, at most WEIR_MSG_MAX_BYTES
 * @fd:    @n_fds descriptors to pass; they stay the caller's
 *
 * Return: 0; -EMSGSIZE body or descriptors above the limits; -EAGAIN no room
 * on a non-blocking socket; -EPIPE or -ECONNRESET the other end is gone;
 * another negative errno of sendmsg(2).  Never raises SIGPIPE.
 */
int weir_msg_send(int sock, enum weir_msg_kind kind, const void *body,
		  size_t len, const int *fd, unsigned n_fds);

/**
 * weir_msg_hand() - one message with one descriptor, to a thread of our process
 * @fd: stays the caller's; the other end gets a duplicate
 *
 * It goes by its number and not as SCM_RIGHTS: what the kernel makes of those
 * is lost without a word if there is no descriptor left when they are received.
 * That there is none is told here instead.
 *
 * Return: as weir_msg_send(); -EMFILE.
 */
int weir_msg_hand(int sock, enum weir_msg_kind kind, const void *body,
		  size_t len, int fd);

/** weir_msg_adopt() - a message that was handed over, and only that: its
 * descriptor is now in @m as if it had been received */
static inline void weir_msg_adopt(struct weir_msg *m)
{
	int fd = (int)weir_rd_be32(&m->body);

	if (weir_rd_ok(&m->body) && m->n_fds == 0)
		m->fd[m->n_fds++] = fd;
}

/**
 * weir_msg_try() - weir_msg_send() without waiting, and without descriptors
 *
 * Return: as weir_msg_send(); -EAGAIN no room, also on a socket that blocks.
 */
int weir_msg_try(int sock, enum weir_msg_kind kind, const void *body,
		 size_t len);

/**
 * weir_msg_receive() - take one message
 * @sock: a SEQPACKET socket
 * @buf:  room for the packet, WEIR_MSG_MAX_BYTES + 8; @ret borrows from it
 * @cap:  its size
 * @ret:  the message; untouched unless 1 is returned
 *
 * A packet of no bytes cannot be told from the end and counts as it.
 *
 * Return: 1 a message; 0 the other end is closed; -EAGAIN nothing there;
 * -EPROTO not a message of ours (dropped, its descriptors closed); another
 * negative errno of recvmsg(2).
 */
int weir_msg_receive(int sock, void *buf, size_t cap, struct weir_msg *ret);

/** weir_msg_is_waiting() - is there a message on @sock, or the end of them? -1
 * is a socket that has none */
bool weir_msg_is_waiting(int sock);

/** weir_msg_close_fds() - close the descriptors of a message nobody wanted */
void weir_msg_close_fds(struct weir_msg *m);

#endif /* WEIR_SYS_MSG_H */
