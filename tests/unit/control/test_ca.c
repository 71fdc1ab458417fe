/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ca.c - the interception CA: where it lies, made on first use, rotated
 *
 * In a directory of its own, as whoever runs the test.
 */
#include "control/ca.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../t.h"
#include "control/ca_bundle.h"
#include "control/ca_make.h"
#include "sys/cert.h"

#define DAY  ((int64_t)WEIR_CERT_DAY_S)
#define YEAR (365 * DAY)

static char home[] = "/tmp/weir-ca.XXXXXX";
static char why[WEIR_CA_WHY_BYTES];
static struct weir_ca_place place;
static struct weir_ca ca;
static int64_t now_s;

static int setup(void **state)
{
	(void)state;
	memcpy(home + sizeof(home) - 7, "XXXXXX", 6);
	if (!mkdtemp(home))
		return -1;
	memset(&place, 0, sizeof(place));
	snprintf(place.dir, sizeof(place.dir), "%s/data/weir/ca", home);
	now_s = (int64_t)time(NULL);
	why[0] = 0;
	return 0;
}

static int teardown(void **state)
{
	char line[64];

	(void)state;
	weir_ca_close(&ca);
	snprintf(line, sizeof(line), "rm -rf %s", home);
	CHECK_EQ(ERR_peek_error(), 0);
	return system(line);
}

/* --- files ------------------------------------------------------------------*/

static const char *in_home(const char *name)
{
	static char path[4][128];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", home, name);
	return path[turn];
}

static const char *in_dir(const char *name)
{
	static char path[PATH_MAX + 300];

	snprintf(path, sizeof(path), "%s/%s", place.dir, name);
	return path;
}

static void put(const char *path, const void *bytes, size_t n, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	CHECK_EQ(fchmod(fd, mode), 0);
	close(fd);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	CHECK_EQ(stat(path, &st), 0);
	return st.st_mode & 07777;
}

/* how many files of a beginning are in the directory */
static int count(const char *begin)
{
	DIR *d = opendir(place.dir);
	const struct dirent *e;
	int n = 0;

	CHECK(d != NULL);
	while ((e = readdir(d)))
		n += strncmp(e->d_name, begin, strlen(begin)) == 0 &&
		     strcmp(e->d_name, ".") != 0 &&
		     strcmp(e->d_name, "..") != 0;
	closedir(d);
	return n;
}

static bool says(const char *part)
{
	if (strstr(why, part) && !strchr(why, '\n'))
		return true;
	print_message("# said: %s\n", why);
	return false;
}

/* --- first use --------------------------------------------------------------*/

static void the_first_who_wants_it_makes_it(void **state)
{
	struct weir_ca again;

	(void)state;
	CHECK_EQ(weir_ca_look(&place, now_s, &ca, why), WEIR_CA_NONE);
	CHECK(access(in_home("data"), F_OK)); /* a look makes nothing */
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	CHECK(ca.key.len > 100 && ca.cert_len > 100 && !ca.given);
	CHECK_EQ(mode_of(in_home("data")), 0700);
	CHECK_EQ(mode_of(place.dir), 0700);
	CHECK_EQ(mode_of(ca.cert_path), 0644);
	CHECK_EQ(mode_of(ca.key_path), 0600);
	CHECK_EQ(count(""), 2);
	CHECK_EQ(ca.from_s, now_s - 7 * DAY);
	CHECK_EQ(ca.until_s, now_s + 10 * YEAR);
	assert_string_equal(ca.warning, "");
	CHECK(strstr(ca.subject, "O = Weir, CN = Weir CA "));
	CHECK(weir_ca_open(&place, now_s, &again, why));
	assert_memory_equal(ca.sha256, again.sha256, sizeof(ca.sha256));
	CHECK_EQ(ca.key.len, again.key.len);
	assert_memory_equal(ca.key.at, again.key.at, ca.key.len);
	weir_ca_close(&again);
	CHECK_EQ(weir_ca_look(&place, now_s, &again, why), WEIR_CA_GOOD);
	CHECK(!again.key.at);
	assert_string_equal(again.key_path, ca.key_path);
	CHECK_EQ(count(""), 2);
}

static void what_is_made_is_a_ca_by_the_strict_rules(void **state)
{
	STACK_OF(X509) * chain;
	X509 *x;

	(void)state;
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	CHECK(weir_cert_parse_chain(ca.cert, ca.cert_len, &chain));
	CHECK_EQ(sk_X509_num(chain), 1);
	x = sk_X509_value(chain, 0);
	CHECK_EQ(X509_check_ca(x), 1);
	CHECK_EQ(X509_get_pathlen(x), 0);
	CHECK_EQ(X509_get_key_usage(x), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	CHECK_EQ(X509_self_signed(x, 1), 1);
	CHECK(X509_get0_subject_key_id(x) != NULL);
	CHECK_EQ(EVP_PKEY_get_bits(X509_get0_pubkey(x)), 256);
	weir_cert_free_chain(chain);
}

/* an empty directory of the operator's is as good as none */
static void a_directory_that_is_there_is_used(void **state)
{
	(void)state;
	snprintf(place.dir, sizeof(place.dir), "%s", in_home("mine"));
	CHECK_EQ(mkdir(place.dir, 0755), 0);
	CHECK_EQ(weir_ca_look(&place, now_s, &ca, why), WEIR_CA_NONE);
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	CHECK_EQ(mode_of(place.dir), 0755); /* who made it has his reasons */
}

/* children that start at one moment: all have the same CA, and one is there */
static void those_who_start_at_once_have_the_same(void **state)
{
	enum { CHILDREN = 16 };
	int go[2], out[2];
	uint8_t sum[CHILDREN][WEIR_CA_SHA256_BYTES];
	char c;

	(void)state;
	CHECK(pipe(go) == 0 && pipe(out) == 0);
	for (int i = 0; i < CHILDREN; i++)
		if (fork() == 0) {
			close(go[1]);
			(void)!read(go[0], &c, 1);
			if (!weir_ca_open(&place, now_s, &ca, why) ||
			    write(out[1], ca.sha256, sizeof(ca.sha256)) < 0)
				_exit(1);
			_exit(0);
		}
	close(go[0]);
	close(go[1]); /* go */
	for (int i = 0; i < CHILDREN; i++) {
		int status;

		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
	CHECK_EQ(read(out[0], sum, sizeof(sum)), sizeof(sum));
	for (int i = 1; i < CHILDREN; i++)
		assert_memory_equal(sum[0], sum[i], sizeof(sum[0]));
	CHECK_EQ(count(""), 2);
	close(out[0]);
	close(out[1]);
}

/* as one that died in between left it: that is no CA yet */
static void a_half_made_one_is_made_again(void **state)
{
	(void)state;
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	CHECK_EQ(unlink(ca.cert_path), 0);
	put(in_dir(".new-0123456789abcdef"), "x", 1, 0600);
	CHECK_EQ(weir_ca_look(&place, now_s, &ca, why), WEIR_CA_NONE);
	weir_ca_close(&ca);
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	CHECK(weir_ca_rotate(&place, now_s, why)); /* takes the rest away */
	CHECK_EQ(count(".new-"), 0);
	CHECK_EQ(count("key-"), 1);
}

/* --- where ------------------------------------------------------------------*/

static void it_lies_where_xdg_says(void **state)
{
	static const struct {
		const char *data, *home, *dir; /* of an ordinary user */
	} row[] = {
		{ "/d", "/h", "/d/weir/ca" },
		{ NULL, "/h", "/h/.local/share/weir/ca" },
		{ "", "/h", "/h/.local/share/weir/ca" },
		{ "rel", "/h", "/h/.local/share/weir/ca" },
		{ NULL, NULL, NULL },
		{ NULL, "rel", NULL },
	};
	char *old_data = getenv("XDG_DATA_HOME"), *old_home = getenv("HOME");
	char data[PATH_MAX] = "", dir[PATH_MAX] = "";

	(void)state;
	snprintf(data, sizeof(data), "%s", old_data ? old_data : "");
	snprintf(dir, sizeof(dir), "%s", old_home ? old_home : "");
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const char *want = geteuid() ? row[i].dir : "/var/lib/weir/ca";
		bool ok;

		unsetenv("XDG_DATA_HOME");
		unsetenv("HOME");
		if (row[i].data)
			setenv("XDG_DATA_HOME", row[i].data, 1);
		if (row[i].home)
			setenv("HOME", row[i].home, 1);
		ok = weir_ca_find(NULL, &place, why);
		CHECK_EQ(ok, want != NULL);
		if (want)
			assert_string_equal(place.dir, want);
		else
			CHECK(says("XDG_DATA_HOME nor HOME"));
	}
	setenv("HOME", dir, 1);
	if (old_data)
		setenv("XDG_DATA_HOME", data, 1);
}

static void a_given_one_is_relative_to_the_configuration(void **state)
{
	struct weir_settings s;

	(void)state;
	weir_settings_init(&s);
	CHECK(weir_settings_set(&s.dir, "/etc/weir"));
	CHECK(weir_settings_set(&s.ca_cert, "ca.pem"));
	CHECK(!weir_ca_find(&s, &place, why) && says("both cert and key"));
	CHECK(weir_settings_set(&s.ca_key, "/keys/ca.key"));
	CHECK(weir_ca_find(&s, &place, why));
	assert_string_equal(place.dir, "");
	assert_string_equal(place.cert, "/etc/weir/ca.pem");
	assert_string_equal(place.key, "/keys/ca.key");
	weir_settings_fini(&s);
}

/* --- whom it trusts ---------------------------------------------------------*/

static void a_key_that_others_can_use_is_refused(void **state)
{
	static const mode_t bad[] = { 0640, 0604, 0620, 0602, 0644, 0610 };

	(void)state;
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	weir_ca_close(&ca);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct weir_ca c;

		CHECK_EQ(chmod(ca.key_path, bad[i]), 0);
		CHECK(!weir_ca_open(&place, now_s, &c, why));
		CHECK(says("others may read or write this key") &&
		      says("chmod 600") && !c.key.at);
		/* the certificate is public all the same */
		CHECK_EQ(weir_ca_look(&place, now_s, &c, why), WEIR_CA_GOOD);
	}
	CHECK_EQ(chmod(ca.key_path, 0400), 0);
	CHECK(weir_ca_open(&place, now_s, &ca, why));
}

static void a_directory_that_others_can_write_to_is_refused(void **state)
{
	(void)state;
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	weir_ca_close(&ca);
	for (mode_t m = 02; m <= 020; m *= 8) {
		CHECK_EQ(chmod(place.dir, 0700 | m), 0);
		CHECK(!weir_ca_open(&place, now_s, &ca, why));
		CHECK(says("others may write to this directory"));
		CHECK_EQ(weir_ca_look(&place, now_s, &ca, why), WEIR_CA_BAD);
		CHECK(!weir_ca_rotate(&place, now_s, why));
	}
}

static void what_belongs_to_somebody_else_is_refused(void **state)
{
	(void)state;
	if (geteuid())
		skip(); /* only root can give a file away */
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	weir_ca_close(&ca);
	CHECK_EQ(chown(ca.key_path, 12345, (gid_t)-1), 0);
	CHECK(!weir_ca_open(&place, now_s, &ca, why));
	CHECK(says("this key belongs to somebody else (uid 12345)"));
	CHECK_EQ(chown(place.dir, 12345, (gid_t)-1), 0);
	CHECK(!weir_ca_open(&place, now_s, &ca, why));
	CHECK(says("belongs to somebody else (uid 12345)"));
}

static void links_in_our_directory_are_refused(void **state)
{
	(void)state;
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	weir_ca_close(&ca);
	CHECK_EQ(rename(ca.key_path, in_home("key")), 0);
	CHECK_EQ(symlink(in_home("key"), ca.key_path), 0);
	CHECK(!weir_ca_open(&place, now_s, &ca, why) && says(ca.key_path));
	CHECK_EQ(unlink(ca.key_path), 0);
	CHECK_EQ(mkfifo(ca.key_path, 0600), 0); /* and nobody waits at it */
	CHECK(!weir_ca_open(&place, now_s, &ca, why));
	CHECK(says("no regular file"));
}

static void a_place_that_cannot_be_made_is_told(void **state)
{
	(void)state;
	put(in_home("data"), "a file", 6, 0600);
	CHECK(!weir_ca_open(&place, now_s, &ca, why));
	CHECK(says(place.dir) && says("cannot be made") && says("tls.ca"));
}

/* --- broken -----------------------------------------------------------------*/

static void a_lost_key_is_told_and_rotation_helps(void **state)
{
	(void)state;
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	weir_ca_close(&ca);
	CHECK_EQ(unlink(ca.key_path), 0);
	CHECK(!weir_ca_open(&place, now_s, &ca, why));
	CHECK(says("key of the CA is gone") && says("weir ca rotate"));
	CHECK(weir_ca_rotate(&place, now_s, why));
	CHECK(weir_ca_open(&place, now_s, &ca, why));
}

static void broken_files_are_told_and_rotation_helps(void **state)
{
	static uint8_t big[WEIR_CA_FILE_BYTES + 1];
	struct weir_ca good;

	(void)state;
	CHECK(weir_ca_open(&place, now_s, &good, why));
	weir_ca_close(&good);
	put(good.key_path, "-----BEGIN PRIVATE KEY-----\nMIG\n", 31, 0600);
	CHECK(!weir_ca_open(&place, now_s, &ca, why));
	CHECK(says("no private key in it, or a broken one"));
	put(good.key_path, big, sizeof(big), 0600);
	CHECK(!weir_ca_open(&place, now_s, &ca, why) && says("12288"));
	for (size_t n = 0; n < good.cert_len; n += 5) {
		put(good.cert_path, good.cert, n, 0644);
		CHECK_EQ(weir_ca_look(&place, now_s, &ca, why), WEIR_CA_BAD);
		CHECK(says("no certificate in it, or a broken one") &&
		      says("weir ca rotate"));
	}
	put(good.cert_path, big, sizeof(big), 0644);
	CHECK_EQ(weir_ca_look(&place, now_s, &ca, why), WEIR_CA_BAD);
	CHECK(weir_ca_rotate(&place, now_s, why));
	CHECK(weir_ca_open(&place, now_s, &ca, why));
}

/* --- time -------------------------------------------------------------------*/

static void its_end_is_told_before_and_refused_behind(void **state)
{
	int64_t until_s;

	(void)state;
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	weir_ca_close(&ca);
	until_s = ca.until_s;
	CHECK(weir_ca_open(&place, until_s - 61 * DAY, &ca, why));
	assert_string_equal(ca.warning, "");
	weir_ca_close(&ca);
	CHECK(weir_ca_open(&place, until_s - 59 * DAY, &ca, why));
	CHECK(strstr(ca.warning, "expires on 20") &&
	      strstr(ca.warning, "weir ca rotate"));
	weir_ca_close(&ca);
	CHECK(weir_ca_open(&place, until_s, &ca, why));
	weir_ca_close(&ca);
	CHECK(!weir_ca_open(&place, until_s + 1, &ca, why));
	CHECK(says("has expired on 20") && says("weir ca rotate"));
	CHECK(!weir_ca_open(&place, now_s - 8 * DAY, &ca, why));
	CHECK(says("is not valid before") && says("clock"));
}

/* --- rotation ---------------------------------------------------------------*/

static void rotation_leaves_the_old_certificate_and_no_old_key(void **state)
{
	struct weir_ca old, next;
	uint8_t bytes[WEIR_CA_FILE_BYTES];
	int fd;

	(void)state;
	CHECK(!weir_ca_rotate(&place, now_s, why) && says("no CA yet"));
	CHECK(weir_ca_open(&place, now_s, &old, why));
	for (int i = 0; i < 3; i++) {
		CHECK(weir_ca_rotate(&place, now_s, why));
		CHECK(weir_ca_open(&place, now_s, &next, why));
		CHECK(memcmp(old.sha256, next.sha256, 32) != 0);
		CHECK(strcmp(old.subject, next.subject) != 0);
		CHECK(access(old.key_path, F_OK) != 0);
		CHECK_EQ(count(""), 3);
		fd = open(in_dir("previous.pem"), O_RDONLY);
		CHECK_EQ(read(fd, bytes, sizeof(bytes)), old.cert_len);
		close(fd);
		assert_memory_equal(bytes, old.cert, old.cert_len);
		weir_ca_close(&old);
		old = next;
	}
	weir_ca_close(&old);
}

/* those who read while others rotate have a pair that fits, always */
static void who_reads_during_rotations_has_a_whole_pair(void **state)
{
	pid_t rotor[2];
	int status;

	(void)state;
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	weir_ca_close(&ca);
	for (int i = 0; i < 2; i++) {
		rotor[i] = fork();
		if (rotor[i] == 0) {
			for (int n = 0; n < 30; n++)
				if (!weir_ca_rotate(&place, now_s, why))
					_exit(1);
			_exit(0);
		}
	}
	for (int i = 0; i < 200; i++) {
		struct weir_ca c;

		if (!weir_ca_open(&place, now_s, &c, why))
			fail_msg("%s", why);
		weir_ca_close(&c);
	}
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(waitpid(rotor[i], &status, 0), rotor[i]);
		CHECK_EQ(status, 0);
	}
	CHECK_EQ(count(""), 3);
	CHECK(weir_ca_open(&place, now_s, &ca, why));
}

/* --- given ------------------------------------------------------------------*/

/** struct kind - a certificate that somebody gives us; texts NULL: without */
struct kind {
	const char *constraints, *usage, *purpose;
	int64_t from_s, until_s;
};

static const struct kind usual = { .constraints = "critical,CA:TRUE",
				   .usage = "critical,keyCertSign",
				   .from_s = -DAY,
				   .until_s = YEAR };

static X509 *make_cert(const struct kind *k, EVP_PKEY *key, X509 *above,
		       EVP_PKEY *signer, const char *cn)
{
	X509 *x = X509_new(), *up = above ? above : x;

	CHECK(x && X509_set_version(x, 2) && weir_cert_set_serial(x));
	CHECK(weir_cert_set_life(x, now_s + k->from_s, now_s + k->until_s));
	CHECK(weir_cert_set_cn(x, false, cn));
	CHECK(X509_set_issuer_name(x, X509_get_subject_name(up)));
	CHECK(X509_set_pubkey(x, key));
	if (k->constraints)
		CHECK(weir_cert_add_ext(up, x, NID_basic_constraints,
					k->constraints));
	if (k->usage)
		CHECK(weir_cert_add_ext(up, x, NID_key_usage, k->usage));
	if (k->purpose)
		CHECK(weir_cert_add_ext(up, x, NID_ext_key_usage, k->purpose));
	CHECK(weir_cert_add_ext(up, x, NID_subject_key_identifier, "hash"));
	CHECK(X509_sign(x, signer ? signer : key,
			EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256()));
	return x;
}

/* the files of tls.ca; @pass: encrypts the key */
static void give(X509 *x, X509 *above, EVP_PKEY *key, const char *pass)
{
	const char *cert_path = in_home("ca.pem"),
		   *key_path = in_home("ca.key");
	FILE *f = fopen(cert_path, "w");

	CHECK(f && PEM_write_X509(f, x) &&
	      (!above || PEM_write_X509(f, above)));
	fclose(f);
	f = fopen(key_path, "w");
	CHECK(f &&
	      PEM_write_PKCS8PrivateKey(f, key, pass ? EVP_aes_128_cbc() : NULL,
					NULL, 0, NULL,
					(void *)(uintptr_t)pass));
	fclose(f);
	CHECK_EQ(chmod(key_path, 0600), 0);
	memset(&place, 0, sizeof(place));
	snprintf(place.cert, sizeof(place.cert), "%s", cert_path);
	snprintf(place.key, sizeof(place.key), "%s", key_path);
}

static void a_given_ca_is_used_and_left_alone(void **state)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *x = make_cert(&usual, key, NULL, NULL, "mine");
	uint8_t der[4096], pem[4096];

	(void)state;
	give(x, NULL, key, NULL);
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	CHECK(ca.given && ca.key.len);
	assert_string_equal(ca.subject, "CN = mine");
	assert_string_equal(ca.warning, "");
	CHECK(!weir_ca_rotate(&place, now_s, why) && says("given with tls.ca"));
	CHECK_EQ(weir_ca_build_der(&ca, der, sizeof(der)), i2d_X509(x, NULL));
	CHECK_EQ(weir_ca_build_der(&ca, der, 10), 0);
	CHECK_EQ(weir_ca_build_pem(&ca, pem, sizeof(pem)), ca.cert_len);
	assert_memory_equal(pem, ca.cert, ca.cert_len);
	CHECK_EQ(weir_ca_build_pem(&ca, pem, 10), 0);
	weir_ca_close(&ca);
	/* DER, and a link, as of a secret that was mounted */
	put(in_home("der"), der, weir_ca_build_der(&ca, der, sizeof(der)),
	    0644);
	CHECK_EQ(unlink(place.cert), 0);
	CHECK_EQ(symlink(in_home("der"), place.cert), 0);
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	CHECK_EQ(weir_ca_build_pem(&ca, pem, sizeof(pem)) > 500, 1);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void a_given_certificate_has_to_be_a_ca(void **state)
{
	static const struct {
		struct kind kind;
		const char *says; /* NULL: it is good */
	} row[] = {
		{ { "critical,CA:TRUE", "critical,keyCertSign", NULL, -DAY,
		    YEAR },
		  NULL },
		{ { "CA:TRUE,pathlen:0", NULL, NULL, -DAY, YEAR }, NULL },
		{ { "CA:TRUE", NULL, "serverAuth", -DAY, YEAR }, NULL },
		{ { "critical,CA:FALSE", "digitalSignature", NULL, -DAY, YEAR },
		  "this is no CA" },
		{ { NULL, NULL, NULL, -DAY, YEAR }, "this is no CA" },
		{ { "CA:TRUE", "digitalSignature", NULL, -DAY, YEAR },
		  "is no CA" },
		{ { "CA:TRUE", NULL, "emailProtection", -DAY, YEAR },
		  "may not sign for servers" },
		{ { "CA:TRUE", NULL, NULL, -YEAR, -DAY }, "has expired on" },
		{ { "CA:TRUE", NULL, NULL, DAY, YEAR }, "is not valid before" },
	};
	EVP_PKEY *key = weir_cert_make_key();

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		X509 *x = make_cert(&row[i].kind, key, NULL, NULL, "mine");

		give(x, NULL, key, NULL);
		why[0] = 0;
		CHECK_EQ(weir_ca_open(&place, now_s, &ca, why), !row[i].says);
		if (row[i].says)
			CHECK(says(row[i].says) && !strstr(why, "rotate"));
		weir_ca_close(&ca);
		X509_free(x);
	}
	EVP_PKEY_free(key);
}

static void a_given_key_has_to_be_the_right_one(void **state)
{
	EVP_PKEY *key = weir_cert_make_key(), *other = weir_cert_make_key();
	EVP_PKEY *odd[] = { EVP_RSA_gen(1024), EVP_EC_gen("secp256k1"),
			    EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") };
	X509 *x = make_cert(&usual, key, NULL, NULL, "mine");

	(void)state;
	give(x, NULL, other, NULL);
	CHECK(!weir_ca_open(&place, now_s, &ca, why));
	CHECK(says("not the key of the CA's certificate"));
	give(x, NULL, key, "secret");
	CHECK(!weir_ca_open(&place, now_s, &ca, why));
	CHECK(says("wants a pass phrase") && says("openssl pkey"));
	give(x, NULL, key, NULL);
	CHECK_EQ(chmod(place.key, 0644), 0);
	CHECK(!weir_ca_open(&place, now_s, &ca, why) && says("chmod 600"));
	CHECK_EQ(unlink(place.key), 0);
	CHECK(!weir_ca_open(&place, now_s, &ca, why));
	CHECK(says(place.key) && says("No such file"));
	CHECK_EQ(weir_ca_look(&place, now_s, &ca, why), WEIR_CA_GOOD);
	CHECK_EQ(unlink(place.cert), 0);
	CHECK_EQ(weir_ca_look(&place, now_s, &ca, why), WEIR_CA_BAD);
	CHECK(says(place.cert) && says("No such file"));
	X509_free(x);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		x = make_cert(&usual, odd[i], NULL, NULL, "odd");
		give(x, NULL, odd[i], NULL);
		CHECK(!weir_ca_open(&place, now_s, &ca, why));
		CHECK(says("P-256, P-384 or P-521, or RSA"));
		X509_free(x);
		EVP_PKEY_free(odd[i]);
	}
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

/* the key may stand behind parameters, as `openssl ecparam -genkey` writes */
static void an_older_form_of_key_is_read(void **state)
{
	EVP_PKEY *key = weir_cert_make_key();
	X509 *x = make_cert(&usual, key, NULL, NULL, "mine");
	BIO *b;

	(void)state;
	give(x, NULL, key, NULL);
	b = BIO_new_file(place.key, "w");
	CHECK(b && BIO_puts(b, "-----BEGIN EC PARAMETERS-----\n"
			       "BggqhkjOPQMBBw==\n"
			       "-----END EC PARAMETERS-----\n") > 0);
	CHECK(PEM_write_bio_PrivateKey_traditional(b, key, NULL, NULL, 0, NULL,
						   NULL));
	BIO_free(b);
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	X509_free(x);
	EVP_PKEY_free(key);
}

static void a_ca_below_others_brings_them_along(void **state)
{
	struct kind narrow = usual;
	EVP_PKEY *top = weir_cert_make_key(), *key = weir_cert_make_key();
	X509 *root = make_cert(&usual, top, NULL, NULL, "root");
	X509 *x = make_cert(&usual, key, root, top, "below");
	X509 *other = make_cert(&usual, key, NULL, NULL, "other");

	(void)state;
	give(x, root, key, NULL);
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	assert_string_equal(ca.warning, "");
	weir_ca_close(&ca);
	give(x, NULL, key, NULL);
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	CHECK(strstr(ca.warning, "root above this CA is not in the file"));
	weir_ca_close(&ca);
	give(x, other, key, NULL);
	CHECK(!weir_ca_open(&place, now_s, &ca, why));
	CHECK(says("certificate 2 has not signed the one before it"));
	X509_free(root);
	X509_free(x);
	narrow.constraints = "critical,CA:TRUE,pathlen:0";
	root = make_cert(&narrow, top, NULL, NULL, "root");
	x = make_cert(&usual, key, root, top, "below");
	give(x, root, key, NULL);
	CHECK(!weir_ca_open(&place, now_s, &ca, why));
	CHECK(says("certificate 2 allows 0 CAs below it"));
	X509_free(root);
	X509_free(x);
	X509_free(other);
	EVP_PKEY_free(top);
	EVP_PKEY_free(key);
}

/* --- bundles ----------------------------------------------------------------*/

static void the_bundle_is_the_store_and_ours(void **state)
{
	static const char junk[] = "# a comment\nno newline at the end";
	const char *store = in_home("store");
	struct weir_ca_bundle b;

	(void)state;
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	put(store, junk, strlen(junk), 0644);
	CHECK(weir_ca_bundle_pem(&ca, store, &b, why));
	CHECK_EQ(b.len, strlen(junk) + 1 + ca.cert_len);
	assert_memory_equal(b.at, junk, strlen(junk));
	CHECK_EQ(b.at[strlen(junk)], '\n');
	assert_memory_equal(b.at + strlen(junk) + 1, ca.cert, ca.cert_len);
	weir_ca_bundle_free(&b);
	CHECK(weir_ca_bundle_pem(&ca, NULL, &b, why));
	CHECK_EQ(b.len, ca.cert_len);
	weir_ca_bundle_free(&b);
	CHECK(!weir_ca_bundle_pem(&ca, "/nonexistent", &b, why));
	CHECK(says("/nonexistent") && !b.at);
	CHECK(!weir_ca_bundle_pem(&ca, "/tmp", &b, why) && !b.at);
	CHECK(!weir_ca_bundle_pem(&ca, "/dev/zero", &b, why) && !b.at);
}

static void java_has_the_same_certificates(void **state)
{
	struct weir_ca_bundle b, again, p12;
	const unsigned char *at;
	STACK_OF(X509) * want;
	PKCS12 *store;

	(void)state;
	CHECK(weir_ca_open(&place, now_s, &ca, why));
	CHECK(weir_ca_bundle_pem(&ca, weir_ca_bundle_find(), &b, why));
	CHECK(weir_ca_bundle_java(&b, &p12));
	CHECK(weir_cert_parse_chain(b.at, b.len, &want));
	at = p12.at;
	store = d2i_PKCS12(NULL, &at, (long)p12.len);
	CHECK(store && !PKCS12_mac_present(store));
	{
		STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(store);
		STACK_OF(PKCS12_SAFEBAG) *bags =
			PKCS12_unpack_p7data(sk_PKCS7_value(safes, 0));

		CHECK_EQ(sk_PKCS7_num(safes), 1);
		CHECK_EQ(sk_PKCS12_SAFEBAG_num(bags), sk_X509_num(want));
		for (int i = 0; i < sk_X509_num(want); i++) {
			PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
			X509 *x = PKCS12_SAFEBAG_get1_cert(bag);

			CHECK_EQ(X509_cmp(x, sk_X509_value(want, i)), 0);
			CHECK_EQ(sk_X509_ATTRIBUTE_num(
					 PKCS12_SAFEBAG_get0_attrs(bag)),
				 2);
			X509_free(x);
		}
		sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
		sk_PKCS7_pop_free(safes, PKCS7_free);
	}
	PKCS12_free(store);
	weir_cert_free_chain(want);
	weir_ca_bundle_free(&p12);
	/* a broken one among them is left out */
	again = b;
	again.len -= ca.cert_len / 2;
	CHECK(weir_ca_bundle_java(&again, &p12));
	weir_ca_bundle_free(&p12);
	weir_ca_bundle_free(&b);
	ERR_clear_error();
}

#define AT_HOME(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
T_MAIN(AT_HOME(the_first_who_wants_it_makes_it),
       AT_HOME(what_is_made_is_a_ca_by_the_strict_rules),
       AT_HOME(a_directory_that_is_there_is_used),
       AT_HOME(those_who_start_at_once_have_the_same),
       AT_HOME(a_half_made_one_is_made_again), AT_HOME(it_lies_where_xdg_says),
       AT_HOME(a_given_one_is_relative_to_the_configuration),
       AT_HOME(a_key_that_others_can_use_is_refused),
       AT_HOME(a_directory_that_others_can_write_to_is_refused),
       AT_HOME(what_belongs_to_somebody_else_is_refused),
       AT_HOME(links_in_our_directory_are_refused),
       AT_HOME(a_place_that_cannot_be_made_is_told),
       AT_HOME(a_lost_key_is_told_and_rotation_helps),
       AT_HOME(broken_files_are_told_and_rotation_helps),
       AT_HOME(its_end_is_told_before_and_refused_behind),
       AT_HOME(rotation_leaves_the_old_certificate_and_no_old_key),
       AT_HOME(who_reads_during_rotations_has_a_whole_pair),
       AT_HOME(a_given_ca_is_used_and_left_alone),
       AT_HOME(a_given_certificate_has_to_be_a_ca),
       AT_HOME(a_given_key_has_to_be_the_right_one),
       AT_HOME(an_older_form_of_key_is_read),
       AT_HOME(a_ca_below_others_brings_them_along),
       AT_HOME(the_bundle_is_the_store_and_ours),
       AT_HOME(java_has_the_same_certificates))
