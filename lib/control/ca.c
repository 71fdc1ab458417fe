/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca.c - the interception CA: where it lies, made on first use, rotated
 *
 * The directory of ours (0700):
 *
 *	cert.pem	the certificate in force (0644)
 *	key-ID.pem	its key (0600); ID is a hash of its public half
 *	previous.pem	the certificate before it, if it was rotated
 *	.new-ID		a certificate on its way to become cert.pem
 *
 * There is one moment in which a CA comes into force: when its certificate gets
 * the name cert.pem.  Which key belongs to it can be read in it, and that key
 * lies there before.  So two who make one at the same time, a crash and a
 * rotation leave a whole pair, and no lock is needed:
 *
 *	first use	key-ID, .new-ID, link(cert.pem): the second one fails
 *			and takes what the first made
 *	rotation	key-ID, .new-ID, link(previous.pem), rename(cert.pem);
 *			then the other keys go (two rotations take turns, as
 *			one would remove the other's key)
 *	reading		cert.pem, key-ID; gone: it was just rotated, again
 */
#include "control/ca.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/ca_judge.h"
#include "control/ca_make.h"
#include "sys/cert.h"

#define ROOT_DIR  "/var/lib/weir/ca"
#define CERT      "cert.pem"
#define PREVIOUS  "previous.pem"
#define KEY       "key-"
#define NEW       ".new-"
#define TRIES     5
#define NAME_ROOM 40u

#define no weir_ca_judge_say

static bool put_path(char *ret, char *why, const char *a, const char *b)
{
	if (snprintf(ret, PATH_MAX, "%s/%s", a, b) < PATH_MAX)
		return true;
	return no(why, "%.200s...: this path is too long", a);
}

/* --- where -----------------------------------------------------------------*/

static bool find_given(const struct weir_settings *s, const char *path,
		       char *ret, char *why)
{
	if (path[0] == '/')
		return put_path(ret, why, "", path + 1);
	return put_path(ret, why, s->dir ? s->dir : ".", path);
}

static bool find_ours(char *ret, char *why)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (geteuid() == 0)
		return put_path(ret, why, "", &ROOT_DIR[1]);
	/* one that is relative is to be ignored (XDG base directories) */
	if (data && data[0] == '/')
		return put_path(ret, why, data, "weir/ca");
	if (home && home[0] == '/')
		return put_path(ret, why, home, ".local/share/weir/ca");
	return no(why,
		  "where is the CA to lie? Neither XDG_DATA_HOME nor HOME "
		  "is an absolute path; set one, or give a CA with tls.ca");
}

bool weir_ca_find(const struct weir_settings *s, struct weir_ca_place *ret,
		  char why[WEIR_CA_WHY_BYTES])
{
	*ret = (struct weir_ca_place){ .dir = "" };
	if (!s || (!s->ca_cert && !s->ca_key))
		return find_ours(ret->dir, why);
	if (!s->ca_cert || !s->ca_key)
		return no(why, "tls.ca: both cert and key are wanted");
	return find_given(s, s->ca_cert, ret->cert, why) &&
	       find_given(s, s->ca_key, ret->key, why);
}

/* --- files -----------------------------------------------------------------*/

static bool is_ours(const struct stat *st, bool or_roots)
{
	return st->st_uid == geteuid() || (or_roots && st->st_uid == 0);
}

/* ours, and nobody else can put another CA there; or a negative errno */
static int open_dir(const char *dir, char *why)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st = { .st_mode = 0 };
	int err = fd < 0 || fstat(fd, &st) ? errno : 0;

	if (err) {
		no(why, "%s: this directory cannot be opened (%s)", dir,
		   strerror(err));
	} else if (!is_ours(&st, false)) {
		no(why,
		   "%s: this directory of the CA belongs to somebody "
		   "else (uid %u); make it yours, or give a CA with "
		   "tls.ca",
		   dir, (unsigned)st.st_uid);
	} else if (st.st_mode & 022) {
		no(why,
		   "%s: others may write to this directory of the CA "
		   "(mode %04o); chmod 700 it, and rotate the CA if you "
		   "do not trust them",
		   dir, (unsigned)st.st_mode & 07777);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return err ? -err : -EPERM;
}

static bool make_dir(const char *dir, char *why)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", dir);
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = 0;
		(void)mkdir(path, 0700); /* the last one tells */
		*at = '/';
	}
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return true;
	return no(why,
		  "%s: the directory of the CA cannot be made (%s); give "
		  "a CA with tls.ca, or make the directory yours",
		  dir, strerror(errno));
}

static ssize_t read_all(int fd, uint8_t *to, size_t room)
{
	size_t n = 0;

	while (n < room) {
		ssize_t r = read(fd, to + n, room - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		if (r == 0)
			break;
		n += (size_t)r;
	}
	return (ssize_t)n;
}

/**
 * struct want - a file that is to be read
 * @dir, @name: the directory, AT_FDCWD for a given one, and its name there
 * @path: for sentences
 * @secret: nobody else may read it
 */
struct want {
	int dir;
	const char *name, *path;
	bool secret;
};

/* a descriptor, or a negative errno */
static int open_file(const struct want *w, char *why)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	bool given = w->dir == AT_FDCWD;
	struct stat st = { .st_mode = 0 };
	int fd, err;

	/* those given may be links (as of a mounted secret), ours are not */
	fd = openat(w->dir, w->name, given ? flags : flags | O_NOFOLLOW);
	err = fd < 0 || fstat(fd, &st) ? errno : 0;
	if (err) {
		no(why, "%s: it cannot be read (%s)", w->path, strerror(err));
	} else if (!S_ISREG(st.st_mode)) {
		no(why, "%s: this is no regular file", w->path);
	} else if (w->secret && !is_ours(&st, given)) {
		no(why,
		   "%s: this key belongs to somebody else (uid %u), who "
		   "can read all that it protects; take one of your own",
		   w->path, (unsigned)st.st_uid);
	} else if (w->secret && (st.st_mode & 077)) {
		no(why,
		   "%s: others may read or write this key (mode %04o); "
		   "chmod 600 it, and make a new CA if somebody may have "
		   "read it",
		   w->path, (unsigned)st.st_mode & 07777);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return err ? -err : -EPERM;
}

/* 0 or a negative errno; @to has room for a byte more than a file may have */
static int read_file(const struct want *w, uint8_t *to, size_t *ret, char *why)
{
	int fd = open_file(w, why), err;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read_all(fd, to, WEIR_CA_FILE_BYTES + 1);
	err = errno;
	close(fd);
	if (n < 0) {
		no(why, "%s: it cannot be read (%s)", w->path, strerror(err));
		return -EIO;
	}
	if (n > (ssize_t)WEIR_CA_FILE_BYTES) {
		no(why,
		   "%s: a file of more than %u bytes is not taken for this",
		   w->path, WEIR_CA_FILE_BYTES);
		return -EFBIG;
	}
	*ret = (size_t)n;
	return 0;
}

static bool write_all(int fd, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;

	while (n) {
		ssize_t w = write(fd, at, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return false;
		at += w;
		n -= (size_t)w;
	}
	return true;
}

/* a new file, whole and on the disk, or none */
static bool write_file(int dir, const char *name, mode_t mode,
		       const void *bytes, size_t n)
{
	int fd = openat(dir, name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			mode);
	bool ok;
	int err;

	if (fd < 0)
		return false;
	ok = fchmod(fd, mode) == 0 && write_all(fd, bytes, n) && fsync(fd) == 0;
	err = errno;
	close(fd);
	if (!ok)
		(void)unlinkat(dir, name, 0);
	errno = err;
	return ok;
}

/* --- read ------------------------------------------------------------------*/

static int read_cert(const struct want *w, int64_t now_s, struct weir_ca *ca,
		     STACK_OF(X509) * *ret, char *why)
{
	uint8_t bytes[WEIR_CA_FILE_BYTES + 1];
	size_t n;
	int err = read_file(w, bytes, &n, why);

	if (err)
		return err;
	memcpy(ca->cert, bytes, n);
	ca->cert_len = n;
	return weir_ca_judge_cert(ca, now_s, ret, why) ? 0 : -EINVAL;
}

static int read_key(const struct want *w, const STACK_OF(X509) * chain,
		    struct weir_ca *ca, char *why)
{
	size_t n;
	int err;

	if (!weir_vault_open(&ca->key, WEIR_CA_FILE_BYTES + 1)) {
		no(why, "%s: there is no memory for it", w->path);
		return -ENOMEM;
	}
	err = read_file(w, ca->key.at, &n, why);
	if (!err) {
		ca->key.len = n;
		if (!weir_ca_judge_key(ca, chain, why))
			err = -EINVAL;
	}
	if (err)
		weir_vault_close(&ca->key);
	return err;
}

/* the name of the key of the certificate that was read */
static bool name_key(struct weir_ca *ca, const char *dir, const X509 *x,
		     char name[NAME_ROOM], char *why)
{
	char id[WEIR_CA_MAKE_ID_BYTES];

	if (!weir_ca_make_id(x, id))
		return no(why, "%s: out of memory", ca->cert_path);
	snprintf(name, NAME_ROOM, KEY "%s.pem", id);
	return put_path(ca->key_path, why, dir, name);
}

/* 0; -ENOENT: no certificate, or not its key; or another negative errno */
static int read_ours(int dir, const struct weir_ca_place *p, int64_t now_s,
		     bool with_key, struct weir_ca *ca, char *why)
{
	struct want cert = { dir, CERT, ca->cert_path, false };
	struct want key = { dir, NULL, ca->key_path, true };
	STACK_OF(X509) * chain;
	char name[NAME_ROOM];
	int err = -ENAMETOOLONG;

	if (put_path(ca->cert_path, why, p->dir, CERT))
		err = read_cert(&cert, now_s, ca, &chain, why);
	if (err)
		return err;
	key.name = name;
	if (!name_key(ca, p->dir, sk_X509_value(chain, 0), name, why))
		err = -ENOMEM;
	else if (with_key)
		err = read_key(&key, chain, ca, why);
	weir_cert_free_chain(chain);
	return err;
}

static int read_given(const struct weir_ca_place *p, int64_t now_s,
		      bool with_key, struct weir_ca *ca, char *why)
{
	struct want cert = { AT_FDCWD, p->cert, p->cert, false };
	struct want key = { AT_FDCWD, p->key, p->key, true };
	STACK_OF(X509) * chain;
	int err;

	ca->given = true;
	memcpy(ca->cert_path, p->cert, sizeof(p->cert));
	memcpy(ca->key_path, p->key, sizeof(p->key));
	err = read_cert(&cert, now_s, ca, &chain, why);
	if (err)
		return err;
	if (with_key)
		err = read_key(&key, chain, ca, why);
	weir_cert_free_chain(chain);
	return err;
}

enum weir_ca_is weir_ca_look(const struct weir_ca_place *p, int64_t now_s,
			     struct weir_ca *ret, char why[WEIR_CA_WHY_BYTES])
{
	int err, dir;

	memset(ret, 0, sizeof(*ret));
	if (!p->dir[0])
		return read_given(p, now_s, false, ret, why) ? WEIR_CA_BAD
							     : WEIR_CA_GOOD;
	dir = open_dir(p->dir, why);
	err = dir < 0 ? dir : read_ours(dir, p, now_s, false, ret, why);
	if (dir >= 0)
		close(dir);
	if (err == -ENOENT)
		return WEIR_CA_NONE;
	return err ? WEIR_CA_BAD : WEIR_CA_GOOD;
}

/* --- make ------------------------------------------------------------------*/

/* the names of what is being made */
struct names {
	char key[NAME_ROOM], fresh[NAME_ROOM];
};

/* a key and its certificate, in their files, not in force yet */
static bool make_pair(int dir, const struct weir_ca_place *p, int64_t now_s,
		      struct names *n, char *why)
{
	struct weir_ca_make m;
	bool ok;

	if (!weir_ca_make_new(now_s, &m))
		return no(why,
			  "%s: a CA cannot be made: there is no memory, "
			  "or no random bytes",
			  p->dir);
	snprintf(n->key, NAME_ROOM, KEY "%s.pem", m.id);
	snprintf(n->fresh, NAME_ROOM, NEW "%s", m.id);
	ok = write_file(dir, n->key, 0600, m.key.at, m.key.len);
	if (ok && !write_file(dir, n->fresh, 0644, m.cert, m.cert_len)) {
		int err = errno;

		(void)unlinkat(dir, n->key, 0);
		errno = err;
		ok = false;
	}
	if (!ok)
		no(why, "%s: the CA cannot be written there (%s)", p->dir,
		   strerror(errno));
	weir_ca_make_free(&m);
	return ok;
}

/* There is a CA afterwards, made by us or by somebody just before. */
static bool make_first(int dir, const struct weir_ca_place *p, int64_t now_s,
		       char *why)
{
	struct names n;
	bool ok;
	int err;

	if (!make_pair(dir, p, now_s, &n, why))
		return false;
	ok = linkat(dir, n.fresh, dir, CERT, 0) == 0;
	err = ok ? 0 : errno;
	(void)unlinkat(dir, n.fresh, 0);
	if (!ok)
		(void)unlinkat(dir, n.key, 0);
	if (ok)
		(void)fsync(dir);
	if (ok || err == EEXIST)
		return true;
	return no(why, "%s/" CERT ": the CA cannot be written there (%s)",
		  p->dir, strerror(err));
}

static bool open_ours(const struct weir_ca_place *p, int64_t now_s,
		      struct weir_ca *ret, char *why)
{
	int err = -ENOENT, dir;

	if (!make_dir(p->dir, why))
		return false;
	dir = open_dir(p->dir, why);
	if (dir < 0)
		return false;
	for (int i = 0; i < TRIES && err == -ENOENT; i++) {
		err = read_ours(dir, p, now_s, true, ret, why);
		/* nothing there yet, or it has just been rotated */
		if (err == -ENOENT &&
		    faccessat(dir, CERT, F_OK, AT_SYMLINK_NOFOLLOW) &&
		    !make_first(dir, p, now_s, why))
			err = -EIO;
	}
	if (err == -ENOENT)
		no(why,
		   "%s: the key of the CA is gone; weir ca rotate makes a "
		   "new CA",
		   ret->key_path);
	close(dir);
	return !err;
}

bool weir_ca_open(const struct weir_ca_place *p, int64_t now_s,
		  struct weir_ca *ret, char why[WEIR_CA_WHY_BYTES])
{
	memset(ret, 0, sizeof(*ret));
	if (!p->dir[0])
		return read_given(p, now_s, true, ret, why) == 0;
	return open_ours(p, now_s, ret, why);
}

void weir_ca_close(struct weir_ca *ca)
{
	weir_vault_close(&ca->key);
}

/* --- rotate ----------------------------------------------------------------*/

/* keys and certificates on their way, of nobody now */
static void sweep(int dir, const char *key)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((e = readdir(d)))
		if ((strncmp(e->d_name, KEY, strlen(KEY)) == 0 ||
		     strncmp(e->d_name, NEW, strlen(NEW)) == 0) &&
		    strcmp(e->d_name, key) != 0)
			(void)unlinkat(dir, e->d_name, 0);
	closedir(d);
}

static bool rotate(int dir, const struct weir_ca_place *p, int64_t now_s,
		   char *why)
{
	struct names n;
	int err;

	if (faccessat(dir, CERT, F_OK, AT_SYMLINK_NOFOLLOW))
		return no(why,
			  "%s: there is no CA yet, so nothing to rotate; "
			  "it is made when it is first wanted",
			  p->dir);
	if (!make_pair(dir, p, now_s, &n, why))
		return false;
	(void)unlinkat(dir, PREVIOUS, 0);
	(void)!linkat(dir, CERT, dir, PREVIOUS, 0); /* without it, too */
	if (renameat(dir, n.fresh, dir, CERT) == 0) {
		(void)fsync(dir);
		sweep(dir, n.key);
		return true;
	}
	err = errno;
	(void)unlinkat(dir, n.fresh, 0);
	(void)unlinkat(dir, n.key, 0);
	return no(why, "%s/" CERT ": the CA cannot be written there (%s)",
		  p->dir, strerror(err));
}

bool weir_ca_rotate(const struct weir_ca_place *p, int64_t now_s,
		    char why[WEIR_CA_WHY_BYTES])
{
	bool ok;
	int dir;

	if (!p->dir[0])
		return no(why,
			  "%s: this CA was given with tls.ca; put another "
			  "one there",
			  p->cert);
	dir = open_dir(p->dir, why);
	if (dir == -ENOENT)
		return no(why,
			  "%s: there is no CA yet, so nothing to rotate; "
			  "it is made when it is first wanted",
			  p->dir);
	if (dir < 0)
		return false;
	(void)flock(dir, LOCK_EX);
	ok = rotate(dir, p, now_s, why);
	close(dir);
	return ok;
}

/* --- written again ---------------------------------------------------------*/

size_t weir_ca_build_der(const struct weir_ca *ca, uint8_t *ret, size_t room)
{
	STACK_OF(X509) * chain;
	size_t n = 0;

	if (weir_cert_parse_chain(ca->cert, ca->cert_len, &chain)) {
		X509 *x = sk_X509_value(chain, 0);
		int len = i2d_X509(x, NULL);

		if (len > 0 && (size_t)len <= room) {
			n = (size_t)len;
			i2d_X509(x, &ret);
		}
		weir_cert_free_chain(chain);
	}
	return n;
}

size_t weir_ca_build_pem(const struct weir_ca *ca, uint8_t *ret, size_t room)
{
	STACK_OF(X509) * chain;
	BIO *out = BIO_new(BIO_s_mem());
	char *at;
	size_t n = 0;
	bool ok = out != NULL;

	if (ok && weir_cert_parse_chain(ca->cert, ca->cert_len, &chain)) {
		for (int i = 0; ok && i < sk_X509_num(chain); i++)
			ok = PEM_write_bio_X509(out, sk_X509_value(chain, i));
		weir_cert_free_chain(chain);
		n = ok ? (size_t)BIO_get_mem_data(out, &at) : 0;
	}
	if (n > room)
		n = 0;
	if (n)
		memcpy(ret, at, n);
	BIO_free(out);
	return n;
}
