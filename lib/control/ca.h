/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca.h - the interception CA: where it lies, made on first use, rotated
 *
 * Ours lies in a directory of its own ($XDG_DATA_HOME/weir/ca; root:
 * /var/lib/weir/ca), a given one where `tls.ca` says.  Its key is read only by
 * weir_ca_open(), which is for who intercepts.
 *
 * Sentences (@why) name the file and what to do.
 */
#ifndef WEIR_CONTROL_CA_H
#define WEIR_CONTROL_CA_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "control/settings.h"
#include "sys/vault.h"

#define WEIR_CA_WHY_BYTES     1024u
#define WEIR_CA_SUBJECT_BYTES 256u
#define WEIR_CA_SHA256_BYTES  32u
#define WEIR_CA_YEARS         10
#define WEIR_CA_WARN_DAYS     60 /* before its end */

/**
 * struct weir_ca_place - where a CA is
 * @dir: of ours; empty if one is given
 * @cert, @key: of a given one
 */
struct weir_ca_place {
	char dir[PATH_MAX];
	char cert[PATH_MAX], key[PATH_MAX];
};

/**
 * struct weir_ca - one that was read and is good
 * @given: not made by us
 * @cert_path, @key_path: its files
 * @cert: @cert_len bytes of the first, PEM or DER: the CA, and those above it
 * @key:  the bytes of the second, of weir_ca_open() alone
 * @subject: as text, one line
 * @sha256: of the certificate
 * @from_s, @until_s: when it is valid, seconds since 1970
 * @warning: a sentence for the operator; empty: none
 */
struct weir_ca {
	bool given;
	char cert_path[PATH_MAX], key_path[PATH_MAX];
	uint8_t cert[WEIR_CA_FILE_BYTES];
	size_t cert_len;
	struct weir_vault key;
	char subject[WEIR_CA_SUBJECT_BYTES];
	uint8_t sha256[WEIR_CA_SHA256_BYTES];
	int64_t from_s, until_s;
	char warning[WEIR_CA_WHY_BYTES];
};

/** enum weir_ca_is - what is there */
enum weir_ca_is {
	WEIR_CA_GOOD,
	WEIR_CA_NONE, /* ours was not made yet */
	WEIR_CA_BAD,
};

/**
 * weir_ca_find() - where the CA is, or will be
 * @s: a given one's paths are relative to the configuration; NULL: none
 *
 * The environment and the user say the rest; nothing is looked at.
 *
 * Return: false with @why.
 */
bool weir_ca_find(const struct weir_settings *s, struct weir_ca_place *ret,
		  char why[WEIR_CA_WHY_BYTES]);

/**
 * weir_ca_look() - read the certificate, never the key, and make nothing
 * @now_s: one that has expired is BAD
 * @ret:   written if GOOD; needs no weir_ca_close()
 */
enum weir_ca_is weir_ca_look(const struct weir_ca_place *p, int64_t now_s,
			     struct weir_ca *ret, char why[WEIR_CA_WHY_BYTES]);

/**
 * weir_ca_open() - read it all; ours is made if it is not there
 *
 * Whoever does this at the same time gets the same CA.  Refused is a key that
 * others may read or write, that does not fit the certificate, or that is not
 * one to sign with; and a certificate that is no CA for servers.
 *
 * Return: false with @why; else weir_ca_close() wipes the key.
 */
bool weir_ca_open(const struct weir_ca_place *p, int64_t now_s,
		  struct weir_ca *ret, char why[WEIR_CA_WHY_BYTES]);

/** weir_ca_close() - wipe the key and forget it; twice is fine */
void weir_ca_close(struct weir_ca *ca);

/**
 * weir_ca_rotate() - replace ours, whatever state it is in
 *
 * The old certificate stays as previous.pem, for who has to take it out of
 * somewhere; the old key is removed.  A Weir that runs keeps the CA it began
 * with.
 *
 * Return: false with @why, and the old one is in force: also if there is none.
 */
bool weir_ca_rotate(const struct weir_ca_place *p, int64_t now_s,
		    char why[WEIR_CA_WHY_BYTES]);

/**
 * weir_ca_build_der() - its certificate alone, in DER
 *
 * Return: how many bytes were written to @ret; 0: @room is too little.
 */
size_t weir_ca_build_der(const struct weir_ca *ca, uint8_t *ret, size_t room);

/**
 * weir_ca_build_pem() - its certificate and those above it, in PEM, no more
 *
 * Return: the same.
 */
size_t weir_ca_build_pem(const struct weir_ca *ca, uint8_t *ret, size_t room);

#endif /* WEIR_CONTROL_CA_H */
