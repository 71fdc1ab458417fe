/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - the compiled policy: one block of bytes, the same in every process
 *
 * Control compiles the rules into an image (compile.h), puts it into a sealed
 * memfd and hands it to the engine, which maps it.  It has no pointers, so it
 * lies wherever it is mapped.  Its reader trusts none of it: the head and the
 * table of sections are checked when it is opened, every reference when it is
 * followed, so that opening a large one costs nothing and a forged one can do
 * no more than answer wrongly.
 */
#ifndef WEIR_POLICY_IMAGE_H
#define WEIR_POLICY_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "packet/dns.h"

/* what index.h lays out: words of the head, sections behind it */
#define WEIR_IMAGE_WORDS    40u
#define WEIR_IMAGE_SECTIONS 11u

/**
 * struct weir_image - an open image
 * @bytes, @len: all of it, borrowed
 * @flags:       WEIR_IMAGE_*
 * @n_rules, @n_bounds: how many
 * @word, @at, @size:   the policy floor's own: the head, and the sections
 */
struct weir_image {
	const uint8_t *bytes;
	size_t len;
	uint32_t flags;
	uint32_t n_rules, n_bounds;
	uint32_t word[WEIR_IMAGE_WORDS];
	const uint8_t *at[WEIR_IMAGE_SECTIONS];
	uint32_t size[WEIR_IMAGE_SECTIONS];
};

/* settings that are not rules, bits of weir_image.flags */
#define WEIR_IMAGE_ALLOW_OUT 0x1u  /* the default of what goes out */
#define WEIR_IMAGE_QUIC_PIN  0x2u  /* quic: pin */
#define WEIR_IMAGE_DROP      0x4u  /* on_deny: drop */
#define WEIR_IMAGE_REBIND    0x8u  /* rebinding protection is on */
#define WEIR_IMAGE_NAMES     0x10u /* some rule names a name, or interception */
#define WEIR_IMAGE_HTTP      0x20u /* there are HTTP rules */
#define WEIR_IMAGE_GUARDED   0x40u /* some names have secrets or HTTP rules */

/**
 * weir_image_open() - look at an image
 * @bytes: @len bytes, 8-byte aligned, borrowed by @ret
 * @ret:   written on success
 *
 * Return: false if it is not one, of another version, or malformed.
 */
bool weir_image_open(const void *bytes, size_t len, struct weir_image *ret);

/**
 * weir_image_text() - the text of a rule as the operator wrote it
 * @bounds: of the bounds; else of the rules
 * @number: from 1
 * @ret_len: bytes, untouched for NULL
 *
 * Return: the text, not terminated, borrowed; NULL if there is no such rule.
 */
const char *weir_image_text(const struct weir_image *p, bool bounds,
			    uint32_t number, size_t *ret_len);

/** weir_image_hash() - a number that tells this policy from another.  It was
 * made by the compiler: an image that lies may lie about it too */
uint64_t weir_image_hash(const struct weir_image *p);

/** weir_image_is_intercepted() - is TLS to this port to be intercepted? */
bool weir_image_is_intercepted(const struct weir_image *p, uint16_t port);

/** weir_image_is_bypassed() - is TLS to @name left alone?  Lower case */
bool weir_image_is_bypassed(const struct weir_image *p,
			    const struct weir_dns_name *name);

/** weir_image_is_insecure() - is @name's certificate believed whatever it is?
 * Lower case */
bool weir_image_is_insecure(const struct weir_image *p,
			    const struct weir_dns_name *name);

/** weir_image_is_guarded() - has @name secrets or HTTP rules?  Lower case */
bool weir_image_is_guarded(const struct weir_image *p,
			   const struct weir_dns_name *name);

#endif /* WEIR_POLICY_IMAGE_H */
