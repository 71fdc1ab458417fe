/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weir.h - the network of a sandbox, inside your program
 *
 * Weir gives a guest (a microVM, a container) one Ethernet card and relays what
 * the guest sends to ordinary host sockets, judged by a policy that knows
 * names.  This header is for a program that holds the guest itself, a VMM for
 * instance, and wants the network as a library; and for anyone who wants its
 * frame queues under a TCP/IP stack of their own.
 *
 *	cc vmm.c $(pkg-config --cflags --libs weir)
 *
 * DOC: the parts
 *
 *	VMM thread                                  engine thread (or your stack)
 *	weir_port_write_frame ──► up ring ────────► weir_device_stage, _receive
 *	weir_port_read_frame  ◄── down ring ◄────── weir_device_transmit
 *	weir_port_fd: readable      wakes           weir_device_fd: readable
 *
 * `struct weir_frames` is what both sides share: two rings of frames in one
 * region, one each way, made once and never grown.  A `struct weir_port` is the
 * guest's end of it, a `struct weir_device` the network's: the engine's, or that
 * of a TCP/IP stack of your own.  A `struct weir_net` is all of it together with
 * the engine: who wants Weir's network needs that and its port.
 *
 *	net = weir_net_new(&options, &why);
 *	r = weir_net_start(net, &why);
 *	port = weir_net_port(net);
 *
 *	... a frame of the guest:
 *	r = weir_port_write_frame(port, WEIR_PORT_HEADER, buf, len);
 *	... when weir_port_fd(port) is readable:
 *	while ((r = weir_port_read_frame(port, buf, sizeof(buf))) > 0)
 *		give_to_guest(buf, r);
 *
 * Directions are the guest's: **up** is from the guest, **down** is to it.
 *
 * DOC: a frame
 *
 * A frame in a ring is a virtio-net header of WEIR_PORT_HEADER bytes (the
 * layout of VIRTIO_F_VERSION_1, little-endian, virtio 1.2 section 5.1.6),
 * followed by an Ethernet frame of 1 to WEIR_PORT_FRAME_MAX bytes without FCS.
 * The header says what is left to be done: a checksum that is not finished, a
 * segment that stands for many.  Such facts are kept when both sides said that
 * they can (WEIR_CAN_*), and cleared towards a side that did not.
 *
 * DOC: wakes, and how to wait
 *
 * Each side has one descriptor that stays the same for its whole life: poll it
 * for POLLIN, level- or edge-triggered, and never read, write or close it.  It
 * becomes readable when frames wait, when there is room again after a call said
 * -EAGAIN for want of it, and for good when the frames shut down.  A side that
 * is busy is never woken and costs the other side no system call; only when a
 * call has told you that there is nothing (or no room) will the next frame (or
 * the room) write to the descriptor, once, however many frames follow.
 *
 * So wait like this, and no wake is ever lost: call until -EAGAIN, then poll.
 * The wake is taken back by the call that says -EAGAIN, never before; one that
 * comes in between makes the descriptor readable again.  A descriptor that is
 * readable for nothing is possible and harmless.
 *
 * DOC: conventions
 *
 * - Calls that can fail return a negative errno value and have then done
 *   nothing.  Each lists its errors; there are no others.  Those that return a
 *   pointer return NULL with errno set to one of those listed.
 * - Structs of options, and those that are filled for you, begin with `size`:
 *   set it to sizeof the struct.  What is zero means the default.  A program
 *   compiled against an older header, with smaller structs, goes on working;
 *   options a library does not know are refused with E2BIG unless zero.
 * - A port, and a device, belong to one thread at a time; the two sides may,
 *   and usually do, differ.  Passing one on to another thread needs the usual
 *   synchronisation, nothing more.  Calls marked "any thread" need none.
 * - The library changes nothing of the process: no signal handlers, no limits,
 *   no output, no environment, no atexit.  Descriptors are close-on-exec.
 * - The guest's bytes are never believed; yours are: a NULL handle or a
 *   pointer to less memory than you said is undefined, as everywhere in C.
 *   Every `_free` and `_unref` takes NULL.
 */
#ifndef WEIR_H
#define WEIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* what the shared library exports, and nothing else */
#ifndef WEIR_API
#define WEIR_API __attribute__((visibility("default")))
#endif

/** bytes of the virtio-net header before every frame */
#define WEIR_PORT_HEADER 12u

/** most bytes of a frame behind its header: Ethernet and a full IP packet */
#define WEIR_PORT_FRAME_MAX 65550u

/** room for any frame and its header */
#define WEIR_PORT_ROOM (WEIR_PORT_HEADER + WEIR_PORT_FRAME_MAX)

/**
 * WEIR_CAN_* - what a side can take, for its `offloads`
 *
 * CSUM: frames whose TCP or UDP checksum is not finished (NEEDS_CSUM) or that
 * are said to be verified (DATA_VALID).  TSO4, TSO6: TCP segments longer than
 * the MTU, to be cut by who takes them; USO: the same for datagrams.  These
 * three are worth nothing without CSUM and are ignored without it.
 *
 * A VMM translates what its guest's driver negotiated: VIRTIO_NET_F_GUEST_CSUM,
 * GUEST_TSO4, GUEST_TSO6, and GUEST_USO4 with GUEST_USO6.
 */
#define WEIR_CAN_CSUM 0x01u
#define WEIR_CAN_TSO4 0x02u
#define WEIR_CAN_TSO6 0x04u
#define WEIR_CAN_USO  0x08u
#define WEIR_CAN_ALL  0x0fu

/**
 * struct weir_frame - one frame in a ring: where it lies, and its bytes
 * @at:  the virtio-net header, the frame right behind it
 * @len: bytes of both together
 */
struct weir_frame {
	uint8_t *at;
	size_t len;
};

/* --- what both sides share ------------------------------------------------ */

/** struct weir_frames - two rings and their wakes; opaque, counted */
struct weir_frames;

/**
 * struct weir_frames_options - how large the rings are
 * @size:     sizeof(struct weir_frames_options)
 * @capacity: frames each way, a power of two from 2 to 65536; default 1024
 * @mtu:      of the guest's card, 576 to 65520; default 1500
 * @bytes:    memory for frames each way, WEIR_PORT_ROOM rounded up to 64 at
 *            least, 1 GiB at most, itself rounded up to 64; default 4 MiB
 *
 * A ring is full when it holds @capacity frames, or when the next does not fit
 * in @bytes in one piece.  An empty ring takes any frame.  The memory is
 * address space until it is touched; a ring that is emptied as fast as it is
 * filled begins at its start again and so touches little of it.
 */
struct weir_frames_options {
	size_t size;
	uint32_t capacity;
	uint32_t mtu;
	size_t bytes;
};

/**
 * weir_frames_new() - make both rings and their wakes, in one region
 * @options: NULL for the defaults
 *
 * Memory: gives one reference to the caller.
 * Return: the frames, or NULL with errno: EINVAL an option out of its range or
 * a `size` that is none; E2BIG an option this library does not know; ENOMEM;
 * EMFILE, ENFILE no descriptor (it takes three).
 */
WEIR_API struct weir_frames *
weir_frames_new(const struct weir_frames_options *options);

/**
 * weir_frames_ref() - hold it once more
 *
 * Thread: any.  Return: @frames.
 */
WEIR_API struct weir_frames *weir_frames_ref(struct weir_frames *frames);

/**
 * weir_frames_unref() - let go; with the last, rings and descriptors are freed
 * @frames: NULL is fine.  A port and a device hold one each
 *
 * Thread: any.
 */
WEIR_API void weir_frames_unref(struct weir_frames *frames);

/**
 * weir_frames_begin_shutdown() - from now on nothing is accepted
 *
 * Sticky.  Every descriptor of these frames becomes readable and stays so:
 * whoever sleeps in poll wakes.  Frames that are in the rings can still be
 * taken; then every call says -ESHUTDOWN.
 *
 * Thread: any; also from a signal handler.
 */
WEIR_API void weir_frames_begin_shutdown(struct weir_frames *frames);

/**
 * weir_frames_is_shutting_down() - was weir_frames_begin_shutdown() called?
 *
 * Thread: any.
 */
WEIR_API bool weir_frames_is_shutting_down(const struct weir_frames *frames);

/**
 * weir_frames_relay() - wake the network's side for a reason of your own
 *
 * Makes weir_device_relay_fd() readable until weir_device_take_relay().  Many
 * calls before that are one wake.  For threads that have work for the one that
 * runs the device: hand over the work first, then call this.
 *
 * Thread: any; also from a signal handler.
 */
WEIR_API void weir_frames_relay(struct weir_frames *frames);

/**
 * struct weir_frames_tally - what happened in one direction
 * @frames:   taken into the ring
 * @bytes:    of those, without virtio-net headers
 * @refused:  found no room: -EAGAIN, or dropped by a lossy port
 * @oversize: larger than may be (-EMSGSIZE), on the way in or out; dropped
 * @wakes:    of up: how often the network's side was woken, of down: the guest's
 *            (each a write to its descriptor, for frames or for room)
 */
struct weir_frames_tally {
	uint64_t frames;
	uint64_t bytes;
	uint64_t refused;
	uint64_t oversize;
	uint64_t wakes;
};

/**
 * struct weir_frames_counts - both directions
 * @size: sizeof(struct weir_frames_counts), set by the caller
 */
struct weir_frames_counts {
	size_t size;
	struct weir_frames_tally up;
	struct weir_frames_tally down;
};

/**
 * weir_frames_counters() - read the counters
 * @ret: @ret->size is set; as much as it says is filled
 *
 * Each is exact but they are not of one instant.
 *
 * Thread: any.
 * Return: 0; -EINVAL @ret->size is too small for itself.
 */
WEIR_API int weir_frames_counters(const struct weir_frames *frames,
				  struct weir_frames_counts *ret);

/* --- the guest's side ----------------------------------------------------- */

/** struct weir_port - the guest's end of the rings; opaque */
struct weir_port;

/** for weir_port_options.flags: a full ring drops, counts, and says 0 */
#define WEIR_PORT_LOSSY 0x01u

/**
 * struct weir_port_options - what the guest is like
 * @size:     sizeof(struct weir_port_options)
 * @flags:    WEIR_PORT_LOSSY; default: lossless
 * @offloads: WEIR_CAN_* that the guest takes; default none
 */
struct weir_port_options {
	size_t size;
	uint32_t flags;
	uint32_t offloads;
};

/**
 * weir_port_new() - take the guest's end
 * @frames:  one reference more is held
 * @options: NULL for the defaults
 *
 * Thread: any; the port is then the caller's.
 * Return: the port, or NULL with errno: EINVAL unknown flags, offloads or a
 * `size` that is none; E2BIG; EBUSY there is a port already; ENOMEM.
 */
WEIR_API struct weir_port *
weir_port_new(struct weir_frames *frames,
	      const struct weir_port_options *options);

/**
 * weir_port_free() - give the guest's end back; another can be made
 *
 * Frames in the rings stay there; what was reserved is cancelled.  The port of
 * a `struct weir_net` is the net's: do not free that one.
 *
 * Thread: the port's.
 */
WEIR_API void weir_port_free(struct weir_port *port);

/**
 * weir_port_set_offloads() - the guest's driver has negotiated
 * @offloads: WEIR_CAN_*; of frames that come from now on
 *
 * Frames that already wait keep their header: a guest that was reset is given
 * what waits only after you have read it away.
 *
 * Thread: the port's.
 * Return: 0; -EINVAL unknown bits.
 */
WEIR_API int weir_port_set_offloads(struct weir_port *port, uint32_t offloads);

/**
 * weir_port_write_frame() - a frame of the guest, copied
 * @hdr_len: bytes of virtio-net header at the start of @buf: 0 there is none,
 *           10 the legacy one, 12 and more: the first 12 count, the rest (hash
 *           reports) is passed over.  Others are allowed and read the same way
 * @buf:     header and frame
 * @len:     bytes of both
 *
 * Taken whole or not at all.  After -EAGAIN weir_port_fd() becomes readable
 * when this frame will fit: then call again, with it or another.  If you drop
 * it instead, say so with weir_port_forget_write(): while a refused write is
 * neither repeated nor forgotten and there is room, the descriptor is readable.
 *
 * Thread: the port's.  Bounds: reads @len bytes at @buf.
 * Return: 0 taken (or, with WEIR_PORT_LOSSY, dropped and counted); -EAGAIN no
 * room: nothing taken; -EMSGSIZE the frame behind the header is larger than
 * WEIR_PORT_FRAME_MAX; -EINVAL the header is longer than the buffer, or there
 * is no frame behind it; -EBUSY a reservation is open; -ESHUTDOWN.
 */
WEIR_API int weir_port_write_frame(struct weir_port *port, size_t hdr_len,
				   const void *buf, size_t len);

/**
 * weir_port_forget_write() - what was refused will not be tried again
 *
 * Thread: the port's.
 */
WEIR_API void weir_port_forget_write(struct weir_port *port);

/**
 * weir_port_read_frame() - the next frame for the guest, copied
 * @buf: room for header and frame; the header has WEIR_PORT_HEADER bytes
 * @cap: bytes of room; WEIR_PORT_ROOM is always enough
 *
 * Before it says that there is nothing it takes the wake back and looks once
 * more, so that neither level- nor edge-triggered pollers miss a frame.
 *
 * Thread: the port's.  Bounds: writes @cap bytes at most.
 * Return: bytes of header and frame; -EAGAIN nothing there; -EMSGSIZE the frame
 * was larger than @cap: it is dropped and counted, call again; -ESHUTDOWN
 * nothing there and nothing will come.
 */
WEIR_API int weir_port_read_frame(struct weir_port *port, void *buf,
				  size_t cap);

/**
 * weir_port_has_unfinished_write() - is part of a frame still to be written?
 *
 * Never: a write is whole or not at all.  Here for VMMs whose network back-ends
 * are asked this.
 *
 * Return: false.
 */
WEIR_API bool weir_port_has_unfinished_write(const struct weir_port *port);

/**
 * weir_port_try_finish_write() - there is nothing to be finished
 *
 * Return: 0.
 */
WEIR_API int weir_port_try_finish_write(struct weir_port *port, size_t hdr_len,
					const void *buf, size_t len);

/**
 * weir_port_fd() - what to poll, for POLLIN
 *
 * Readable when frames wait for the guest, or when room came back after a
 * refused write, or when the frames shut down.
 *
 * Thread: any.
 * Return: the port's descriptor, for its whole life; it stays the library's.
 */
WEIR_API int weir_port_fd(const struct weir_port *port);

/**
 * weir_port_reserve() - room in the ring, to be written in place
 * @v:  in: @v[i].len bytes of room wanted, header included; out: @v[i].at, for
 *      as many as were reserved
 * @n:  1 or more
 *
 * What is reserved is invisible until weir_port_commit().  One reservation at
 * a time.  Write header and frame; the header is not cleared for you.
 *
 * Thread: the port's.
 * Return: how many of them, from the first, were reserved; -EAGAIN none, no
 * room: as weir_port_write_frame(); of a lossy port too, which is not told of
 * room; -EMSGSIZE
 * the first is larger than WEIR_PORT_ROOM (a later one: those before it);
 * -EINVAL @n is 0, or the first has no room for a header and one byte (a later
 * one: those before it); -EBUSY one is open; -ESHUTDOWN.
 */
WEIR_API int weir_port_reserve(struct weir_port *port, struct weir_frame *v,
			       unsigned n);

/**
 * weir_port_commit() - publish the first @n that were reserved; one wake
 * @v: @v[i].len is what was written, header included, at most what was reserved
 * @n: the rest is given back; 0 cancels all
 *
 * Thread: the port's.
 * Return: 0; -EINVAL more than were reserved, or one of the lengths is too
 * large or too small for a header and one byte: all of it is still reserved;
 * -ESHUTDOWN: all of it is given back.
 */
WEIR_API int weir_port_commit(struct weir_port *port,
			      const struct weir_frame *v, unsigned n);

/**
 * weir_port_peek() - the next frames for the guest, in place
 * @v: filled for as many as are returned
 * @n: 1 or more
 *
 * Memory: borrowed until weir_port_release() or weir_port_read_frame(); the
 * caller may also write there.  The same ones again until they are released.
 *
 * Thread: the port's.
 * Return: how many, at most @n; -EAGAIN none; -EINVAL @n is 0; -ESHUTDOWN none
 * and nothing will come.
 */
WEIR_API int weir_port_peek(struct weir_port *port, struct weir_frame *v,
			    unsigned n);

/**
 * weir_port_release() - give the first @n frames back; one wake
 *
 * Thread: the port's.
 * Return: 0; -EINVAL more than wait.
 */
WEIR_API int weir_port_release(struct weir_port *port, unsigned n);

/* --- the network's side --------------------------------------------------- */

/**
 * struct weir_device - the network's end of the rings, as a device; opaque
 *
 * What the TCP/IP stack of Weir runs on, and what another can run on:
 *
 *	for (;;) {
 *		while ((f = weir_device_stage(dev))) {
 *			... look at f->at; answer, drop, or
 *			weir_device_receive(dev, &rx, &tx)
 *		}
 *		... timers, weir_device_transmit(dev, &tx) ...
 *		weir_device_flush(dev);
 *		poll weir_device_fd(dev)
 *	}
 */
struct weir_device;

/**
 * struct weir_device_options - what the stack is like
 * @size:     sizeof(struct weir_device_options)
 * @offloads: WEIR_CAN_* that the stack takes; default none
 */
struct weir_device_options {
	size_t size;
	uint32_t offloads;
	uint32_t reserved;
};

/**
 * weir_device_new() - take the network's end
 * @frames:  one reference more is held
 * @options: NULL for the defaults
 *
 * Thread: any; the device is then the caller's.
 * Return: the device, or NULL with errno: EINVAL unknown offloads or a `size`
 * that is none; E2BIG; EBUSY there is a device already; ENOMEM.
 */
WEIR_API struct weir_device *
weir_device_new(struct weir_frames *frames,
		const struct weir_device_options *options);

/**
 * weir_device_free() - give the network's end back; another can be made
 *
 * The frame that is staged stays in the ring, its tokens are void.  Flushes.
 *
 * Thread: the device's.
 */
WEIR_API void weir_device_free(struct weir_device *dev);

/**
 * weir_device_stage() - the next frame of the guest, to be looked at
 *
 * Memory: borrowed until it is received, dropped or replaced.
 *
 * The same one again until then.
 *
 * Thread: the device's.
 * While one is staged weir_device_fd() is readable: who wants to think about a
 * frame for longer leaves the descriptor out of poll, or copies it and drops it.
 *
 * Return: it; NULL: there is none, and weir_device_fd() tells when there is.
 */
WEIR_API const struct weir_frame *weir_device_stage(struct weir_device *dev);

/**
 * weir_device_drop_staged() - give the staged frame back unread
 *
 * Thread: the device's.
 * Return: 0; -ENOENT none is staged.
 */
WEIR_API int weir_device_drop_staged(struct weir_device *dev);

/**
 * weir_device_replace_staged() - another frame takes its place
 * @buf: header and frame, for instance a datagram made of fragments, whose last
 *       is staged; copied
 * @len: WEIR_PORT_HEADER + 1 to WEIR_PORT_ROOM
 *
 * weir_device_stage() and weir_device_receive() then give this one.
 *
 * Thread: the device's.
 * Return: 0; -ENOENT none is staged; -EMSGSIZE, -EINVAL too large, too small.
 */
WEIR_API int weir_device_replace_staged(struct weir_device *dev,
					const void *buf, size_t len);

/**
 * struct weir_rx_token - a frame of the guest that was received
 * @frame: header first.  Memory: borrowed until the next weir_device_stage(),
 *         _receive(), _flush() or _free()
 * @len:   bytes of both
 */
struct weir_rx_token {
	const uint8_t *frame;
	size_t len;
};

/**
 * struct weir_tx_token - leave to send one frame to the guest
 * @device: whose; the library's
 * @frame:  after weir_tx_token_fill(): where to write, header first
 * @len:    after weir_tx_token_fill(): bytes of both
 * @turn:   the library's
 *
 * Only the newest token of a device is good: another one, sending, cancelling
 * or freeing the device ends it.  One that is not used costs nothing.
 */
struct weir_tx_token {
	struct weir_device *device;
	uint8_t *frame;
	size_t len;
	uint64_t turn;
};

/**
 * weir_device_receive() - take the next frame, with room for one answer
 * @ret_rx: the staged frame, or the next if none is staged
 * @ret_tx: as weir_device_transmit() gives
 *
 * Thread: the device's.
 * Return: true; false: there is no frame, or no room for an answer: then the
 * frame stays staged, and weir_device_fd() tells of room and of nothing else,
 * however many frames wait.
 */
WEIR_API bool weir_device_receive(struct weir_device *dev,
				  struct weir_rx_token *ret_rx,
				  struct weir_tx_token *ret_tx);

/**
 * weir_device_transmit() - leave to send one frame of the largest size
 *
 * Thread: the device's.
 * Return: true; false: no room, keep your data: weir_device_fd() tells when
 * there is, and of nothing else as long as a frame is staged; or the frames shut
 * down.
 */
WEIR_API bool weir_device_transmit(struct weir_device *dev,
				   struct weir_tx_token *ret_tx);

/**
 * weir_device_forget_transmit() - what found no room will not be tried again
 *
 * As weir_port_forget_write().
 *
 * Thread: the device's.
 */
WEIR_API void weir_device_forget_transmit(struct weir_device *dev);

/**
 * weir_tx_token_fill() - where to write the frame
 * @len: of header and frame: WEIR_PORT_HEADER + 1 to WEIR_PORT_HEADER +
 *       max_segment; may be called again with another length
 *
 * On success @tx->frame has @len bytes of room; the header is all zero, which
 * means a plain frame, but for num_buffers, which is 1.
 *
 * Thread: the device's.
 * Return: 0; -EINVAL the token is not good, or @len is too small; -EMSGSIZE.
 */
WEIR_API int weir_tx_token_fill(struct weir_tx_token *tx, size_t len);

/**
 * weir_tx_token_send() - publish what was filled in
 *
 * Offload facts in its header that the guest did not agree to are cleared.  A
 * frame longer than max_frame that is not a segment the guest agreed to cut
 * would block the card of some guests: it is refused.
 *
 * The other side may see the frame at once, but is woken by
 * weir_device_flush().
 *
 * Thread: the device's.
 * Return: 0; -EINVAL not good, or not filled; -EMSGSIZE refused and counted;
 * -ESHUTDOWN.  In every case the token is used up.
 */
WEIR_API int weir_tx_token_send(struct weir_tx_token *tx);

/**
 * weir_tx_token_cancel() - it is not wanted after all
 *
 * Thread: the device's.
 */
WEIR_API void weir_tx_token_cancel(struct weir_tx_token *tx);

/**
 * weir_device_flush() - the end of a batch: the other side is woken, once
 *
 * For frames that were sent and for room that was given back.  Call it before
 * you wait; until then a port that sleeps goes on sleeping.
 *
 * Thread: the device's.
 */
WEIR_API void weir_device_flush(struct weir_device *dev);

/**
 * weir_device_fd() - what to poll, for POLLIN
 *
 * Readable when frames of the guest wait, or when room came back after a
 * weir_device_transmit() or _receive() that found none, or when the frames
 * shut down.
 *
 * Thread: any.
 * Return: the device's descriptor, for its whole life; it stays the library's.
 */
WEIR_API int weir_device_fd(const struct weir_device *dev);

/**
 * weir_device_relay_fd() - readable after weir_frames_relay()
 *
 * Thread: any.
 * Return: a descriptor, for the device's whole life; it stays the library's.
 */
WEIR_API int weir_device_relay_fd(const struct weir_device *dev);

/**
 * weir_device_take_relay() - take the relay's wake back, then look for work
 *
 * Thread: the device's.
 * Return: true if there was one.  After shutdown the descriptor stays readable.
 */
WEIR_API bool weir_device_take_relay(struct weir_device *dev);

/** for weir_device_card.medium */
#define WEIR_MEDIUM_ETHERNET 1u

/**
 * struct weir_device_card - what the guest's card is like
 * @size:      sizeof(struct weir_device_card), set by the caller
 * @medium:    WEIR_MEDIUM_ETHERNET
 * @mtu:       IP bytes of a plain frame
 * @max_frame: @mtu + 14: bytes of a plain frame, without its virtio-net header
 * @offloads:  WEIR_CAN_* that both sides agreed on at this moment
 * @max_segment: bytes of a frame, as @max_frame, that a guest cuts itself;
 *             WEIR_PORT_FRAME_MAX if an offload allows that, else @max_frame
 */
struct weir_device_card {
	size_t size;
	uint32_t medium;
	uint32_t mtu;
	uint32_t max_frame;
	uint32_t offloads;
	uint32_t max_segment;
	uint32_t reserved;
};

/**
 * weir_device_capabilities() - ask
 * @ret: @ret->size is set; as much as it says is filled
 *
 * Thread: the device's.
 * Return: 0; -EINVAL @ret->size is too small for itself.
 */
WEIR_API int weir_device_capabilities(const struct weir_device *dev,
				      struct weir_device_card *ret);

/* --- the network ---------------------------------------------------------- */

/**
 * struct weir_net - a guest's whole network, with an engine thread of its own
 *
 * It has two threads of its own between weir_net_start() and weir_net_stop(),
 * with all signals blocked: the engine's, which moves frames and does nothing
 * else, and the keeper's, which reads lists, watches the host's addresses and
 * resolvers, and calls hooks.
 *
 * Calls of this section may come from any thread, at any time between
 * weir_net_new() and weir_net_free(), unless they say otherwise; none of them
 * waits for traffic.  Those that change something while the network runs wait
 * for both threads to have taken it.  Hooks are called with no lock held: they
 * may call every function of this section except weir_net_stop() and
 * weir_net_free(), should be quick (what happens meanwhile waits in a buffer
 * of bounded size), and are left by returning: not by a C++ exception, longjmp
 * or pthread_exit.  Hooks of two networks that wait for each other's network
 * wait for good.  A thread inside a call must not be cancelled, and after fork()
 * the network is the parent's: the child calls nothing of it, nor of its port,
 * not even weir_net_free().
 *
 * The engine is inside your process and is not confined by seccomp, as that of
 * `weir serve` is.  Let it be the only program of its process if you can.
 */
struct weir_net;

/** bytes of weir_error.text, its final zero included */
#define WEIR_ERROR_BYTES 512

/**
 * struct weir_error - why something was refused
 * @code: negative errno, as the call returned it, or as errno after NULL
 * @text: one sentence for the user: what, where (file, line), what to do
 *
 * Wherever a call takes one NULL may be passed; it is written only on failure.
 */
struct weir_error {
	int code;
	char text[WEIR_ERROR_BYTES];
};

/**
 * struct weir_ip - an IP address
 * @family: 4 or 6
 * @bytes:  network order, the first 4 or all 16
 *
 * An IPv4 address inside an IPv6 one (::ffff:a.b.c.d) is taken as IPv4.
 */
struct weir_ip {
	uint8_t family;
	uint8_t reserved[3];
	uint8_t bytes[16];
};

/**
 * struct weir_net_options - which network to be
 * @size:        sizeof(struct weir_net_options)
 * @config_file: configuration as `weir serve --config` reads it; default none
 * @config_text: the same, not from a file; not both
 * @net:         what may be reached, as `--net`: "public", "none", ...; default
 *               that of the command line
 * @rules:       @n_rules rules, as `--rule`; before the configuration's
 * @publish:     @n_publish ports, as `--publish`; with the configuration's
 * @mac:         of the guest's card; all zero: whichever it sends from first
 * @gateway_mac: all zero: the same as `weir serve`
 * @frames:      the rings; NULL for the defaults.  Its mtu is the network's; if
 *               that is 0, the configuration's `mtu`
 * @port:        the guest's card; NULL for the defaults
 * @flows:       most TCP connections at once; default as `limits.flows`
 * @grace_ms:    the longest weir_net_stop() waits for what the guest has sent;
 *               2000 is the default and the most
 *
 * Strings and arrays are copied.  What is set here counts for more than the
 * same word in the configuration.
 */
struct weir_net_options {
	size_t size;
	const char *config_file;
	const char *config_text;
	const char *net;
	const char *const *rules;
	size_t n_rules;
	const char *const *publish;
	size_t n_publish;
	uint8_t mac[6];
	uint8_t gateway_mac[6];
	uint32_t reserved;
	const struct weir_frames_options *frames;
	const struct weir_port_options *port;
	uint32_t flows;
	uint32_t grace_ms;
};

/**
 * weir_net_new() - make a network; nothing runs yet
 * @options: NULL for the defaults
 * @error:   NULL is fine
 *
 * Reads the configuration and its lists, looks at the host's addresses and
 * resolvers, makes the frames, the port and the device.  Binds nothing, leaves
 * no socket open and starts no thread.
 *
 * Return: the network, or NULL with errno and @error: EINVAL the configuration,
 * one of its lists or an option is wrong (the text says where); E2BIG an option
 * this library does not know; ENOENT, EACCES the configuration cannot be read;
 * ENOMEM; EMFILE, ENFILE; EIO the host's addresses, or the log of the
 * configuration, cannot be opened.
 */
WEIR_API struct weir_net *weir_net_new(const struct weir_net_options *options,
				       struct weir_error *error);

/**
 * weir_net_start() - the engine thread begins to serve the guest
 *
 * Binds the published ports and returns when they are served: frames written
 * before wait in the ring.  A network is started once; one that could not be
 * started is only good for weir_net_free().
 *
 * Return: 0; -EALREADY it was started; -EADDRINUSE, -EADDRNOTAVAIL, -EACCES a
 * port cannot be bound; -ENOSPC too many ports; -EAGAIN no thread; -ENOMEM;
 * -EMFILE, -ENFILE; -ESHUTDOWN it was stopped, or its frames shut down, before
 * it was served.
 */
WEIR_API int weir_net_start(struct weir_net *net, struct weir_error *error);

/**
 * weir_net_stop() - end it
 *
 * What the guest has sent goes to the hosts, for grace_ms at most; then every
 * conversation ends (reason `shutdown`), the frames shut down and the engine
 * thread is gone.  No hook is called any more once this returns.  Calls after
 * the first return at once what that one returned.
 *
 * Waits, bounded by grace_ms and a few milliseconds (200 more for a log in the
 * configuration whose reader is slow), and for the hook, which is still told of
 * all events that wait.
 *
 * Return: 0, also if it could not be started; -ETIMEDOUT what was left at the
 * end of grace_ms was given up; -EDEADLK called from a hook; -EINVAL nobody has
 * tried to start it.
 */
WEIR_API int weir_net_stop(struct weir_net *net);

/**
 * weir_net_free() - stop it without grace if that was not done, and free it
 *
 * No other call on @net may be on its way.  Its port is gone with it.
 *
 * Thread: any but a hook's.
 */
WEIR_API void weir_net_free(struct weir_net *net);

/**
 * weir_net_port() - the guest's end of its rings
 *
 * Return: the port, the same for its whole life; it is the net's, and goes with
 * weir_net_free().
 */
WEIR_API struct weir_port *weir_net_port(struct weir_net *net);

/**
 * weir_net_frames() - its rings, for weir_frames_counters()
 *
 * Return: the frames; without a reference: take one if you keep them.
 */
WEIR_API struct weir_frames *weir_net_frames(struct weir_net *net);

/**
 * weir_net_set_gateway() - the guest's gateway, instead of the configured one
 * @ipv4: or NULL: as it is
 * @ipv6: or NULL: as it is
 *
 * Once, before the start, and only of families that are active: a network
 * without IPv6 has no gateway there.
 *
 * Return: 0; -EALREADY it was set, or the network was started; -EAFNOSUPPORT
 * the family is not active, or an address is of the other one; -EINVAL the
 * address is not inside the guest's subnet, or is the guest's own, the DNS
 * server's or no host's; nothing is changed then.
 */
WEIR_API int weir_net_set_gateway(struct weir_net *net,
				  const struct weir_ip *ipv4,
				  const struct weir_ip *ipv6);

/**
 * weir_net_gateway() - the gateway of a family
 * @family: 4 or 6
 *
 * Return: 0; -EAFNOSUPPORT the family is not active; -EINVAL no family.
 */
WEIR_API int weir_net_gateway(const struct weir_net *net, int family,
			      struct weir_ip *ret);

/**
 * weir_net_guest() - the guest's address of a family
 *
 * Return: as weir_net_gateway().
 */
WEIR_API int weir_net_guest(const struct weir_net *net, int family,
			    struct weir_ip *ret);

/**
 * weir_net_prefix() - bits of the prefix of the guest's subnet, for one that is
 *                     configured by hand
 *
 * Return: 8 to 29 for IPv4, 8 to 125 for IPv6; -EAFNOSUPPORT, -EINVAL as
 * weir_net_gateway().
 */
WEIR_API int weir_net_prefix(const struct weir_net *net, int family);

/**
 * weir_net_dns() - the address at which the guest finds its DNS server
 *
 * Return: as weir_net_gateway().
 */
WEIR_API int weir_net_dns(const struct weir_net *net, int family,
			  struct weir_ip *ret);

/**
 * weir_net_set_termination_hook() - what ends the guest
 * @fn: called at most once in the network's life; NULL: nothing is called
 *
 * A policy may say that a sandbox which tries something ends for it.  The
 * network then stops serving it at once and calls @fn from its keeper's thread,
 * outside every lock; that is the last hook that is called.  Set before, it is
 * called soon after the trigger; set after the trigger, it is not called.
 * weir_net_stop() is still to be called, by another thread.
 *
 * Return: 0; -EALREADY the trigger came first.
 */
WEIR_API int weir_net_set_termination_hook(struct weir_net *net,
					   void (*fn)(void *arg), void *arg);

/**
 * weir_net_trigger_termination() - end the guest, as a policy would
 *
 * Return: 0; -EALREADY somebody did; -EINVAL it is not running.
 */
WEIR_API int weir_net_trigger_termination(struct weir_net *net);

/**
 * weir_net_set_event_hook() - be told what happens
 * @fn: gets one event, a JSON object as a line of the log has it, @len bytes
 *      and a zero behind them, borrowed; NULL: no more
 *
 * The events are those of `weir run --log`; the hook gets all of them, or is
 * told by a `lost` event how many it missed.  Without a hook (and a log in the
 * configuration) they are not made at all.
 *
 * Return: 0; once it has, the hook before is not called any more; -ENOMEM.
 */
WEIR_API int weir_net_set_event_hook(struct weir_net *net,
				     void (*fn)(void *arg, const char *event,
						size_t len),
				     void *arg);

/* names: which address the guest knows under which name */

/**
 * weir_net_cache_name() - as if a DNS answer had given the guest these
 * @name:   case and a final dot count for nothing
 * @family: 4 or 6, of all of them
 * @addrs:  @n of them, copied; 0 is none, and replaces
 * @ttl_s:  then it is forgotten; 1 to 86400, others are taken as the nearest
 *
 * Replaces what this call had said before for the same name and family.  What
 * DNS answers have given is untouched: those only ever add.  Of one address the
 * 256 names that were given last count for the policy.  What is given before
 * weir_net_start() is known before the first frame is looked at.
 *
 * Return: 0; -EINVAL no name, or no family; -EAFNOSUPPORT an address is of the
 * other family; -ENOSPC more than 256 addresses, or more than 4096 of all
 * names; -ENOMEM.  Nothing is changed then.
 */
WEIR_API int weir_net_cache_name(struct weir_net *net, const char *name,
				 int family, const struct weir_ip *addrs,
				 size_t n, uint32_t ttl_s);

/**
 * weir_net_clear_name() - forget what weir_net_cache_name() said, both families
 *
 * Return: 0; -ENOENT it said nothing; -EINVAL no name.
 */
WEIR_API int weir_net_clear_name(struct weir_net *net, const char *name);

/**
 * weir_net_any_name() - does the guest know an address under a name that fits?
 * @addr:      IPv4 inside IPv6 is unwrapped
 * @predicate: is asked for names that have not expired, lower case, without a
 *             final dot, until it says true.  Called by the calling thread on a
 *             copy: it may take its time, and call back
 *
 * Return: 1 one fits; 0 none does; -EINVAL no family; -ENOMEM.
 */
WEIR_API int weir_net_any_name(struct weir_net *net, const struct weir_ip *addr,
			       bool (*predicate)(void *arg, const char *name),
			       void *arg);

/**
 * weir_net_expire_names() - give back the memory of names that have expired
 *
 * Best effort: never holds up frames, and may do part of it.  Nobody has to
 * call it: an expired name is never seen, and its room is used again.
 *
 * Return: how many went.
 */
WEIR_API int weir_net_expire_names(struct weir_net *net);

/**
 * struct weir_net_counts - what passed
 * @size:        sizeof(struct weir_net_counts), set by the caller
 * @bytes_up:    Ethernet bytes from the guest; @frames_up: frames
 * @bytes_down:  to the guest; @frames_down
 * @flows:       conversations of TCP and UDP that are open now
 * @flows_total: since the start
 * @denied:      conversations, names and requests that the policy refused
 * @dropped:     frames that were dropped, for any reason
 *
 * After the end they are those of the end.
 */
struct weir_net_counts {
	size_t size;
	uint64_t bytes_up;
	uint64_t bytes_down;
	uint64_t frames_up;
	uint64_t frames_down;
	uint64_t flows;
	uint64_t flows_total;
	uint64_t denied;
	uint64_t dropped;
};

/**
 * weir_net_counters() - read the counters
 * @ret: @ret->size is set; as much as it says is filled
 *
 * Return: 0; -EINVAL @ret->size is too small for itself.
 */
WEIR_API int weir_net_counters(const struct weir_net *net,
			       struct weir_net_counts *ret);

/* live: each takes effect before the call returns, or leaves everything as it
 * was.  After weir_net_stop() they say -ESHUTDOWN. */

/**
 * weir_net_set_policy() - other rules
 * @rules: @n rules, as `--rule`, in the order they are asked
 *
 * Instead of all rules of the options and of the configuration; `net`, bounds,
 * groups and the rest of it stay.  What is open is judged again, a part at a
 * time.
 *
 * Return: 0; -EINVAL one of them is wrong, or there are too many (the text says
 * which); -EMFILE, -ENFILE (it takes two for a moment); -ENOMEM; -ESHUTDOWN.
 */
WEIR_API int weir_net_set_policy(struct weir_net *net, const char *const *rules,
				 size_t n, struct weir_error *error);

/**
 * weir_net_add_rule() - one rule more
 * @at: its number, from 1, those from there on move; 0: the last
 *
 * Rules are numbered as events and `weir check` number them: those of the
 * options first, then the configuration's.
 *
 * Return: its number; -EINVAL it is wrong, or there are too many; -ERANGE no
 * such place; -EMFILE, -ENFILE; -ENOMEM; -ESHUTDOWN.
 */
WEIR_API int weir_net_add_rule(struct weir_net *net, const char *rule,
			       unsigned at, struct weir_error *error);

/**
 * weir_net_remove_rule() - one rule less
 * @at: its number, from 1
 *
 * Return: 0; -ERANGE there is none; -EINVAL the others are no policy without it
 * (the text says why); -EMFILE, -ENFILE; -ENOMEM; -ESHUTDOWN.
 */
WEIR_API int weir_net_remove_rule(struct weir_net *net, unsigned at,
				  struct weir_error *error);

/**
 * weir_net_publish() - one published port more
 * @spec:     as `--publish`: [[BIND:]HOSTPORT:]GUESTPORT[/tcp|udp], no range
 * @ret_port: the host's port, which may have been chosen; NULL is fine
 *
 * While the network runs.
 *
 * Return: its id, for weir_net_unpublish(); -EINVAL it is wrong, or the network
 * was not started; -EADDRINUSE, -EADDRNOTAVAIL, -EACCES it cannot be bound;
 * -ENOSPC too many; -EMFILE, -ENFILE; -ENOMEM; -ESHUTDOWN.
 */
WEIR_API int weir_net_publish(struct weir_net *net, const char *spec,
			      uint16_t *ret_port, struct weir_error *error);

/**
 * weir_net_unpublish() - one less; its open conversations live on
 *
 * Those of the options and of the configuration have ids too, from 0 in their
 * order, a range one for each port.
 *
 * Return: 0; -ENOENT there is none of that id; -EINVAL the network was not
 * started; -ENOMEM; -ESHUTDOWN.
 */
WEIR_API int weir_net_unpublish(struct weir_net *net, int id);

/**
 * struct weir_limits - what the guest may use up
 * @size:  sizeof(struct weir_limits)
 * @up:    as `--limit-up`, "10mbit,1000pps/512k"; NULL: as it is; "" none
 * @down:  the same
 * @flows: TCP connections at once, at most as many as at the start; 0: as it is
 */
struct weir_limits {
	size_t size;
	const char *up;
	const char *down;
	uint32_t flows;
	uint32_t reserved;
};

/**
 * weir_net_set_limits() - change limits
 *
 * What is open stays open.
 *
 * Return: 0; -EINVAL a rate is wrong, or @size; -ERANGE more flows than at the
 * start; -E2BIG an option this library does not know; -ENOMEM; -ESHUTDOWN.
 */
WEIR_API int weir_net_set_limits(struct weir_net *net,
				 const struct weir_limits *limits,
				 struct weir_error *error);

#ifdef __cplusplus
}
#endif

#endif /* WEIR_H */
