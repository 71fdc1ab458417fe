/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cover.c - what CMD must not see, and what it must see instead
 *
 * How it works.  A tmpfs (the stage) is mounted for a moment on a directory
 * that exists; in it an empty directory or file is made for each thing to be
 * covered and a file for each that is replaced.  They are bound over their
 * targets and the stage is unmounted; the binds stay, and CMD, being in a user
 * namespace below the one that owns the mounts, cannot take them off.
 *
 * A file of /etc may be a link into a covered place: then our file is put
 * where the link leads, inside the cover.  If the link leads nowhere, or the
 * file does not exist, there is nothing to bind over: then the nearest
 * directory above that does exist is mirrored, that is, replaced by one of
 * ours in which every entry is bound from the original, and our file added.
 *
 * Invariants: targets are opened before the stage hides anything; nothing is
 * ever created in a file system of the host.
 *
 * Not here: sockets that come to exist later, and sockets elsewhere.
 */
#include "control/cover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rd.h"
#include "control/trust.h"

#define FILES_MAX (3 + WEIR_TRUST_STORES)

#define COVERS_MAX 128u
#define LINKS_MAX  16u
#define MIRROR_MAX 2048u
#define PATH_BYTES 1024u
/* staged names are a letter and a number */
#define NAME_BYTES 12u

/** struct cover - something that exists, and is going to be hidden */
struct cover {
	char path[PATH_BYTES]; /* canonical */
	char name[NAME_BYTES]; /* in the stage */
	int fd;
	bool is_dir;
};

struct covers {
	const struct weir_cover_orders *o;
	int stage;
	unsigned n;
	struct cover v[COVERS_MAX];
};

/* is @path @dir itself or beneath it?  @ret_rest: what follows, may be empty */
static bool is_beneath(const char *path, const char *dir, const char **ret_rest)
{
	size_t n = strlen(dir);

	if (strncmp(path, dir, n) != 0 || (path[n] && path[n] != '/'))
		return false;
	*ret_rest = path[n] ? path + n + 1 : path + n;
	return true;
}

static struct cover *cover_above(struct covers *c, const char *path,
				 const char **ret_rest)
{
	for (unsigned i = 0; i < c->n; i++)
		if (is_beneath(path, c->v[i].path, ret_rest))
			return &c->v[i];
	return NULL;
}

static bool is_shared(const struct covers *c, const char *path)
{
	for (uint32_t i = 0; i < c->o->n_shares; i++) {
		char real[PATH_MAX];

		if (realpath(c->o->share[i], real) && strcmp(real, path) == 0)
			return true;
	}
	return false;
}

/* note @path to be covered if it is there; @only: and is such a file; 0: any */
static void add(struct covers *c, const char *path, mode_t only)
{
	char real[PATH_MAX];
	struct cover *v = &c->v[c->n];
	const char *rest;
	struct stat st;

	if (c->n == COVERS_MAX || !realpath(path, real) ||
	    strlen(real) >= sizeof(v->path) || strcmp(real, "/") == 0 ||
	    cover_above(c, real, &rest) || is_shared(c, real))
		return;
	v->fd = open(real, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (v->fd < 0)
		return;
	if (fstat(v->fd, &st) || (only && (st.st_mode & S_IFMT) != only)) {
		close(v->fd);
		return;
	}
	memcpy(v->path, real, strlen(real) + 1);
	snprintf(v->name, sizeof(v->name), "c%u", c->n);
	v->is_dir = S_ISDIR(st.st_mode);
	c->n++;
}

/* the socket named by a variable such as unix:path=/run/bus,guid=1 */
static void add_from_environment(struct covers *c, const char *name,
				 const char *prefix)
{
	const char *value = getenv(name);
	char path[PATH_BYTES];
	size_t n;

	if (!value || strncmp(value, prefix, strlen(prefix)) != 0)
		return;
	value += strlen(prefix);
	n = strcspn(value, ",;");
	if (*value != '/' || n >= sizeof(path))
		return;
	memcpy(path, value, n);
	path[n] = 0;
	add(c, path, S_IFSOCK);
}

static void add_for_user(struct covers *c)
{
	static const char *const below_home[] = {
		".docker/run", ".docker/desktop", ".colima",
		".lima",       ".orbstack/run",
	};
	const char *home = getenv("HOME");
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "/run/user/%u", c->o->uid);
	add(c, path, 0);
	snprintf(path, sizeof(path), "/var/run/user/%u", c->o->uid);
	add(c, path, 0);
	snprintf(path, sizeof(path), "/tmp/tmux-%u", c->o->uid);
	add(c, path, 0);
	for (size_t i = 0; home && i < 5; i++)
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", home,
				     below_home[i]) < sizeof(path))
			add(c, path, 0);
	add_from_environment(c, "SSH_AUTH_SOCK", "");
	add_from_environment(c, "TMUX", "");
	add_from_environment(c, "WAYLAND_DISPLAY", "");
	add_from_environment(c, "DBUS_SESSION_BUS_ADDRESS", "unix:path=");
	add_from_environment(c, "DOCKER_HOST", "unix://");
	add_from_environment(c, "CONTAINER_HOST", "unix://");
}

static void add_all(struct covers *c)
{
	static const char *const places[] = {
		"dbus",          "nscd",
		"systemd",       "avahi-daemon",
		"docker.sock",   "docker",
		"podman",        "containerd",
		"crio",          "buildkit",
		"libvirt",       "screen",
		"snapd.socket",  "snapd-snap.socket",
		"host-services",
	};
	static const char *const others[] = {
		"/tmp/.X11-unix",
		"/var/lib/lxd/unix.socket",
		"/var/lib/incus/unix.socket",
		"/var/snap/lxd/common/lxd/unix.socket",
	};
	char path[64];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "/run/%s", places[i]);
		add(c, path, 0);
		/* the same thing, but where /var/run is no link */
		snprintf(path, sizeof(path), "/var/run/%s", places[i]);
		add(c, path, 0);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		add(c, others[i], 0);
	add_for_user(c);
	for (size_t i = 0; i < c->o->n_own; i++)
		add(c, c->o->own[i], S_IFREG);
	if (c->o->ca && c->o->ca[0])
		add(c, c->o->ca, S_IFDIR);
}

/* bind what is staged as @name over @target */
static int bind_staged(struct covers *c, const char *name, int target)
{
	int tree = open_tree(c->stage, name,
			     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
				     AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);
	int r;

	if (tree < 0)
		return -errno;
	r = move_mount(tree, "", target, "",
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)
		    ? -errno
		    : 0;
	close(tree);
	return r;
}

static struct weir_rd nothing(void)
{
	return weir_rd_over("", 0);
}

static struct weir_rd text_of(const char *text)
{
	return weir_rd_over(text, strlen(text));
}

static int make_file(int at, const char *name, struct weir_rd text)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			0644);
	int r = 0;

	if (fd < 0)
		return -errno;
	while (text.left && r == 0) {
		ssize_t n = write(fd, text.at, text.left);

		if (n > 0)
			(void)weir_rd_take(&text, (size_t)n);
		else
			r = n < 0 ? -errno : -EIO;
	}
	close(fd);
	return r;
}

/* make the directories above @path, beneath @at */
static int make_parents(int at, const char *path)
{
	char part[PATH_BYTES];

	for (const char *s = strchr(path, '/'); s; s = strchr(s + 1, '/')) {
		size_t n = (size_t)(s - path);

		if (n >= sizeof(part))
			return -ENAMETOOLONG;
		memcpy(part, path, n);
		part[n] = 0;
		if (n && mkdirat(at, part, 0755) && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int make_beneath(struct covers *c, const char *dir, const char *rest,
			struct weir_rd text)
{
	char path[PATH_BYTES];
	int r;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, rest) >=
	    sizeof(path))
		return -ENAMETOOLONG;
	r = make_parents(c->stage, path);
	return r ? r : make_file(c->stage, path, text);
}

/* where a path that does not exist would be, links followed as far as they go */
static bool resolve_missing(const char *path, char real[PATH_MAX])
{
	char at[PATH_MAX], link[PATH_MAX];
	size_t len = strlen(path);
	ssize_t n;

	if (len >= sizeof(at))
		return false;
	memcpy(at, path, len + 1);
	for (unsigned i = 0; i < LINKS_MAX; i++) {
		char *slash = strrchr(at, '/');

		n = readlink(at, link, sizeof(link) - 1);
		if (n < 0)
			break;
		link[n] = 0;
		len = link[0] == '/' || !slash ? 0 : (size_t)(slash + 1 - at);
		if (len + (size_t)n >= sizeof(at))
			return false;
		memcpy(at + len, link, (size_t)n + 1);
	}
	/* canonical as far as it exists, then the rest as written */
	for (char *cut = at + strlen(at); cut > at;) {
		char kept;

		while (cut > at && *--cut != '/')
			;
		kept = *cut;
		*cut = 0;
		if (realpath(cut == at ? "/" : at, real)) {
			len = strlen(real);
			*cut = kept;
			if (len == 1)
				len = 0;
			if (strstr(cut, "/../") ||
			    len + strlen(cut) >= PATH_MAX)
				return false;
			memcpy(real + len, cut, strlen(cut) + 1);
			return true;
		}
		*cut = kept;
	}
	return false;
}

static int mirror_entry(int from, const struct dirent *e, int to)
{
	char link[PATH_MAX];
	struct stat st;
	int tree, r;
	ssize_t n;

	if (fstatat(from, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
		return 0; /* gone already */
	if (S_ISLNK(st.st_mode)) {
		n = readlinkat(from, e->d_name, link, sizeof(link) - 1);
		if (n < 0)
			return 0;
		link[n] = 0;
		return symlinkat(link, to, e->d_name) ? -errno : 0;
	}
	if (S_ISDIR(st.st_mode) ? mkdirat(to, e->d_name, 0755) != 0
				: make_file(to, e->d_name, nothing()) != 0)
		return -errno;
	tree = open_tree(from, e->d_name,
			 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE |
				 AT_SYMLINK_NOFOLLOW);
	if (tree < 0)
		return errno == ENOENT ? 0 : -errno;
	r = move_mount(tree, "", to, e->d_name, MOVE_MOUNT_F_EMPTY_PATH)
		    ? -errno
		    : 0;
	close(tree);
	return r;
}

static int mirror_entries(int from, int to)
{
	int copy = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *e;
	unsigned n = 0;
	int r = 0;

	if (!d)
		return -errno;
	while (r == 0 && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = n++ < MIRROR_MAX ? mirror_entry(from, e, to) : -E2BIG;
	}
	closedir(d);
	return r;
}

/* replace the nearest directory above @path by a mirror that has the file */
static int mirror(struct covers *c, const char *path, const char *name,
		  struct weir_rd text)
{
	char dir[PATH_MAX], staged[NAME_BYTES + 1];
	const char *rest;
	int from, to, r;
	char *cut;

	snprintf(dir, sizeof(dir), "%s", path);
	do {
		cut = strrchr(dir, '/');
		if (!cut || cut == dir)
			return -ENOENT; /* the root itself is not mirrored */
		*cut = 0;
		from = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} while (from < 0 && errno == ENOENT);
	if (from < 0)
		return -errno;
	rest = path + strlen(dir) + 1;
	snprintf(staged, sizeof(staged), "m%s", name);
	r = mkdirat(c->stage, staged, 0755) ? -errno : 0;
	to = r ? -1
	       : openat(c->stage, staged, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (to >= 0) {
		r = mirror_entries(from, to);
		if (r == 0) {
			/* a dangling link or nothing: ours takes its place */
			(void)unlinkat(to, rest, 0);
			r = make_beneath(c, staged, rest, text);
		}
		close(to);
	} else if (!r) {
		r = -errno;
	}
	if (r == 0)
		r = bind_staged(c, staged, from);
	close(from);
	return r;
}

/** struct file - one file of ours in the place of one of the host's */
struct file {
	const char *path; /* as programs open it */
	const char *name; /* in the stage */
	struct weir_rd text;
	bool must; /* even if the host has no such file */
	bool exists, done;
	char real[PATH_MAX]; /* where @path leads */
};

/* before the covers are bound: where does it lead?  Into one of them? */
static int place_file(struct covers *c, struct file *f)
{
	struct cover *above;
	const char *rest;

	f->exists = realpath(f->path, f->real) != NULL;
	if (!f->exists && (!f->must || !resolve_missing(f->path, f->real))) {
		f->done = true;
		return f->must ? -ENOENT : 0;
	}
	above = cover_above(c, f->real, &rest);
	if (!above || !above->is_dir || !*rest)
		return 0;
	f->done = true;
	return make_beneath(c, above->name, rest, f->text);
}

/* after the covers are bound, for the files that did not go into one */
static int bind_file(struct covers *c, const struct file *f)
{
	int target, r;

	if (f->done)
		return 0;
	if (!f->exists)
		return mirror(c, f->real, f->name, f->text);
	target = open(f->real, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return -errno;
	r = make_file(c->stage, f->name, f->text);
	if (r == 0)
		r = bind_staged(c, f->name, target);
	close(target);
	return r;
}

/* a shared path beneath a cover: bind the original into the cover */
static int share_beneath(struct covers *c, const char *path)
{
	char real[PATH_MAX], staged[PATH_BYTES];
	struct cover *above;
	const char *rest;
	int tree, target, r;
	struct stat st;

	if (!realpath(path, real) || stat(real, &st))
		return 0;
	above = cover_above(c, real, &rest);
	if (!above || !above->is_dir || !*rest)
		return 0;
	tree = open_tree(AT_FDCWD, real,
			 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (tree < 0)
		return -errno;
	snprintf(staged, sizeof(staged), "%s/%s", above->name, rest);
	r = make_parents(c->stage, staged);
	if (r == 0)
		r = S_ISDIR(st.st_mode)
			    ? (mkdirat(c->stage, staged, 0700) ? -errno : 0)
			    : make_file(c->stage, staged, nothing());
	target = openat(c->stage, staged, O_PATH | O_CLOEXEC);
	if (r == 0 &&
	    move_mount(tree, "", target, "",
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
		r = -errno;
	if (target >= 0)
		close(target);
	close(tree);
	return r;
}

static int stage_covers(struct covers *c)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < c->n; i++) {
		const struct cover *v = &c->v[i];

		if (!v->is_dir)
			r = make_file(c->stage, v->name, nothing());
		else if (mkdirat(c->stage, v->name, 0700))
			r = -errno;
	}
	for (uint32_t i = 0; r == 0 && i < c->o->n_shares; i++)
		r = share_beneath(c, c->o->share[i]);
	return r;
}

static int bind_covers(struct covers *c)
{
	int r = 0;

	for (unsigned i = 0; i < c->n; i++) {
		if (r == 0)
			r = bind_staged(c, c->v[i].name, c->v[i].fd);
		close(c->v[i].fd);
	}
	return r;
}

/* what the guest is to trust, in the place of each store that the host has */
static size_t add_trust(const struct covers *c, struct file *file, size_t n)
{
	static const char *const name[] = { "trust0", "trust1", "trust2",
					    "trust3", "trust4", "trust5" };
	const struct weir_etc *etc = c->o->etc;

	_Static_assert(WEIR_TRUST_STORES == 6, "a name each");
	for (size_t i = 0; etc->pem.len && i < WEIR_TRUST_STORES; i++) {
		const struct weir_ca_bundle *b =
			weir_trust_store[i].java ? &etc->java : &etc->pem;

		file[n++] = (struct file){ .path = weir_trust_store[i].path,
					   .name = name[i],
					   .text = weir_rd_over(b->at, b->len),
					   .must = i == 0 };
	}
	return n;
}

/* with the stage mounted: the order is that of the comment at the top */
static int cover_and_replace(struct covers *c, const char **ret_what)
{
	struct file file[FILES_MAX] = {
		{ .path = "/etc/resolv.conf",
		  .name = "resolv",
		  .text = text_of(c->o->etc->resolv),
		  .must = true },
		{ .path = "/etc/hosts",
		  .name = "hosts",
		  .text = text_of(c->o->etc->hosts) },
		{ .path = "/etc/nsswitch.conf",
		  .name = "nsswitch",
		  .text = text_of(c->o->etc->nsswitch) },
	};
	size_t n = add_trust(c, file, 3);
	int r = stage_covers(c);

	*ret_what = "the covers";
	for (size_t i = 0; r == 0 && i < n; i++) {
		*ret_what = file[i].path;
		r = place_file(c, &file[i]);
	}
	if (r)
		return r;
	*ret_what = "the covers";
	r = bind_covers(c);
	for (size_t i = 0; r == 0 && i < n; i++) {
		*ret_what = file[i].path;
		r = bind_file(c, &file[i]);
	}
	return r;
}

/* mount the stage where it hides nothing we need; Return: where, or NULL */
static const char *raise_stage(void)
{
	static const char *const on[] = { "/proc/fs",     "/proc/tty",
					  "/proc/driver", "/mnt",
					  "/media",       "/srv",
					  "/opt",         "/tmp" };

	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++)
		if (mount("none", on[i], "tmpfs", MS_NOSUID | MS_NODEV,
			  "size=10%,mode=0755") == 0)
			return on[i];
	return NULL;
}

int weir_cover_apply(const struct weir_cover_orders *o, const char **ret_what)
{
	struct covers c = { .o = o, .stage = -1 };
	const char *on;
	int r;

	add_all(&c);
	*ret_what = "a tmpfs";
	on = raise_stage();
	if (!on)
		return -errno;
	c.stage = open(on, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = c.stage < 0 ? -errno : cover_and_replace(&c, ret_what);
	if (c.stage >= 0)
		close(c.stage);
	if (umount2(on, MNT_DETACH) && r == 0)
		r = -errno;
	return r;
}
