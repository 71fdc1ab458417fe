/* SPDX-License-Identifier: Apache-2.0 */
/* ca_judge.c - is this a CA that clients will believe leaves of? */
#include "control/ca_judge.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sys/cert.h"

#define REMEDY                                                                 \
	"give one that may sign certificates of servers, or leave tls.ca out"

bool weir_ca_judge_say(char *why, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, WEIR_CA_WHY_BYTES, format, ap);
	va_end(ap);
	return false;
}

static void day(int64_t s, char ret[16])
{
	time_t t = (time_t)s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(ret, 16, "%Y-%m-%d", &tm))
		memcpy(ret, "another day", 12);
}

/* What can be done about one that is of no use depends on whose it is. */
static const char *remedy(const struct weir_ca *ca)
{
	return ca->given ? REMEDY : "weir ca rotate makes a new one";
}

static bool judge_life(struct weir_ca *ca, int64_t now_s, char *why)
{
	char text[16];

	if (now_s > ca->until_s) {
		day(ca->until_s, text);
		return weir_ca_judge_say(why,
					 "%s: this CA has expired on %s; %s",
					 ca->cert_path, text, remedy(ca));
	}
	if (now_s < ca->from_s) {
		day(ca->from_s, text);
		return weir_ca_judge_say(
			why,
			"%s: this CA is not valid before %s; is the clock of "
			"this machine right?",
			ca->cert_path, text);
	}
	if (ca->until_s - now_s < WEIR_CA_WARN_DAYS * WEIR_CERT_DAY_S) {
		day(ca->until_s, text);
		weir_ca_judge_say(ca->warning, "%s: this CA expires on %s; %s",
				  ca->cert_path, text, remedy(ca));
	}
	return true;
}

/* one that may sign certificates of servers, by all that it says of itself */
static bool judge_first(struct weir_ca *ca, X509 *x, char *why)
{
	const char *what = NULL;
	uint32_t usage = X509_get_key_usage(x);

	if (X509_get_extension_flags(x) & EXFLAG_INVALID)
		what = "an extension of it is broken";
	else if (X509_check_ca(x) != 1)
		what = "this is no CA but somebody's certificate (no CA:TRUE)";
	else if (usage != UINT32_MAX && !(usage & KU_KEY_CERT_SIGN))
		what = "this CA may not sign certificates (no keyCertSign)";
	else if (X509_check_purpose(x, X509_PURPOSE_SSL_SERVER, 1) != 1)
		what = "this CA may not sign for servers (its key usages)";
	if (what)
		weir_ca_judge_say(why, "%s: %s; %s", ca->cert_path, what,
				  remedy(ca));
	return !what;
}

/* Each is signed by the next, which allows as many below it. */
static bool judge_chain(struct weir_ca *ca, const STACK_OF(X509) * chain,
			char *why)
{
	int n = sk_X509_num(chain);

	for (int i = 1; i < n; i++) {
		X509 *up = sk_X509_value(chain, i);
		long below = X509_get_pathlen(up);

		if (X509_check_issued(up, sk_X509_value(chain, i - 1)) ||
		    X509_verify(sk_X509_value(chain, i - 1),
				X509_get0_pubkey(up)) != 1) {
			return weir_ca_judge_say(
				why,
				"%s: certificate %d has not signed the one "
				"before it; put the signing CA first, then "
				"who signed it",
				ca->cert_path, i + 1);
		}
		if (below >= 0 && below < i) {
			return weir_ca_judge_say(
				why,
				"%s: certificate %d allows %ld CAs below it "
				"(pathlen) where there are %d; %s",
				ca->cert_path, i + 1, below, i, remedy(ca));
		}
	}
	if (!ca->warning[0] &&
	    X509_self_signed(sk_X509_value(chain, n - 1), 0) != 1)
		weir_ca_judge_say(
			ca->warning,
			"%s: the root above this CA is not in the file; most "
			"clients believe it only if they know that root, so "
			"add it there",
			ca->cert_path);
	return true;
}

static bool fill(struct weir_ca *ca, X509 *x)
{
	BIO *out = BIO_new(BIO_s_mem());
	unsigned n = 0;
	int len;

	if (!out)
		return false;
	X509_NAME_print_ex(out, X509_get_subject_name(x), 0, XN_FLAG_ONELINE);
	/* ONELINE escapes control characters and what is not ASCII */
	len = BIO_read(out, ca->subject, sizeof(ca->subject) - 1);
	ca->subject[len > 0 ? len : 0] = 0;
	BIO_free(out);
	return X509_digest(x, EVP_sha256(), ca->sha256, &n) &&
	       n == sizeof(ca->sha256) &&
	       weir_cert_life(x, &ca->from_s, &ca->until_s);
}

bool weir_ca_judge_cert(struct weir_ca *ca, int64_t now_s,
			STACK_OF(X509) * *ret, char why[WEIR_CA_WHY_BYTES])
{
	STACK_OF(X509) * chain;
	X509 *x;
	bool ok;

	if (!weir_cert_parse_chain(ca->cert, ca->cert_len, &chain)) {
		return weir_ca_judge_say(
			why,
			"%s: there is no certificate in it, or a broken one; "
			"%s",
			ca->cert_path, remedy(ca));
	}
	ERR_set_mark();
	x = sk_X509_value(chain, 0);
	ok = fill(ca, x);
	if (!ok)
		weir_ca_judge_say(
			why, "%s: this certificate cannot be understood; %s",
			ca->cert_path, remedy(ca));
	ok = ok && judge_first(ca, x, why) && judge_life(ca, now_s, why) &&
	     judge_chain(ca, chain, why);
	ERR_pop_to_mark();
	if (ok)
		*ret = chain;
	else
		weir_cert_free_chain(chain);
	return ok;
}

bool weir_ca_judge_key(const struct weir_ca *ca, const STACK_OF(X509) * chain,
		       char why[WEIR_CA_WHY_BYTES])
{
	const char *what = NULL;
	EVP_PKEY *key = NULL;

	switch (weir_cert_parse_key(ca->key.at, ca->key.len, &key)) {
	case WEIR_CERT_KEY_OK:
		break;
	case WEIR_CERT_KEY_NONE:
		what = "there is no private key in it, or a broken one; give "
		       "it in PEM";
		break;
	case WEIR_CERT_KEY_ENCRYPTED:
		what = "this key wants a pass phrase, and nobody is there to "
		       "give it; write it without one (openssl pkey)";
		break;
	}
	ERR_set_mark();
	if (!what && !weir_cert_digest(key))
		what = "not all clients verify what such a key signs; use one "
		       "on P-256, P-384 or P-521, or RSA with 2048 to 8192 "
		       "bits";
	if (!what && !X509_check_private_key(sk_X509_value(chain, 0), key))
		what = "this is not the key of the CA's certificate; give "
		       "those that belong together";
	ERR_pop_to_mark();
	EVP_PKEY_free(key);
	if (what)
		weir_ca_judge_say(why, "%s: %s", ca->key_path, what);
	return !what;
}
