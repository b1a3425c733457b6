// Makes one system call below a folder fail: preloaded into a program by faults.py (Linux, glibc).
//
//     FAULT_FOLDER  absolute path; only calls on files below it count
//     FAULT_AT      which call fails, from 1 on; 0 none
//     FAULT_ERRNO   what it answers
//     FAULT_STAYS   1: all later calls that the same cause would hit fail too, as on a disk that stays full
//     FAULT_LOG     one line per call that counts: number, function, path
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_int calls;

static int setting(const char *name) {
    const char *text = getenv(name);
    return text ? atoi(text) : 0;
}

static int is_below(const char *path) {
    const char *folder = getenv("FAULT_FOLDER");
    size_t length = folder ? strlen(folder) : 0;
    return length && path && !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

static const char *path_of(int file, char *buffer) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, buffer, PATH_MAX - 1);
    if (length < 0) return NULL;
    buffer[length] = 0;
    return buffer;
}

static const char *absolute(int folder, const char *path, char *buffer) {
    char start[PATH_MAX];
    if (!path || path[0] == '/') return path;
    if (folder == AT_FDCWD ? !getcwd(start, sizeof start) : !path_of(folder, start)) return path;
    snprintf(buffer, PATH_MAX, "%.2000s/%.2000s", start, path);
    return buffer;
}

// 1 if this call must fail; errno is then set.
static int fails(const char *function, const char *path) {
    if (!is_below(path)) return 0;
    int number = atomic_fetch_add(&calls, 1) + 1, at = setting("FAULT_AT");
    const char *log = getenv("FAULT_LOG");
    if (log) {
        static int (*real_open)(const char *, int, ...);
        static ssize_t (*real_write)(int, const void *, size_t);
        if (!real_open) real_open = dlsym(RTLD_NEXT, "open");
        if (!real_write) real_write = dlsym(RTLD_NEXT, "write");
        char line[PATH_MAX + 64];
        int length = snprintf(line, sizeof line, "%d %s %s\n", number, function, path);
        int file = real_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        if (file >= 0) {
            ssize_t ignored = real_write(file, line, (size_t)length);
            (void)ignored;
            close(file);
        }
    }
    if (!at || !(number == at || (setting("FAULT_STAYS") && number > at))) return 0;
    errno = setting("FAULT_ERRNO");
    return 1;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

#define ON_FILE(type, name, parameters, arguments, ...) \
    type name parameters { \
        REAL(type, #name, __VA_ARGS__); \
        char buffer[PATH_MAX]; \
        return fails(#name, path_of(file, buffer)) ? -1 : real arguments; \
    }

ON_FILE(ssize_t, write, (int file, const void *bytes, size_t count), (file, bytes, count), int, const void *, size_t)
ON_FILE(ssize_t, pwrite, (int file, const void *bytes, size_t count, off_t at), (file, bytes, count, at), int,
        const void *, size_t, off_t)
ON_FILE(ssize_t, pwrite64, (int file, const void *bytes, size_t count, off64_t at), (file, bytes, count, at), int,
        const void *, size_t, off64_t)
ON_FILE(ssize_t, writev, (int file, const struct iovec *parts, int count), (file, parts, count), int,
        const struct iovec *, int)
ON_FILE(int, fsync, (int file), (file), int)
ON_FILE(int, fdatasync, (int file), (file), int)
ON_FILE(int, ftruncate, (int file, off_t size), (file, size), int, off_t)
ON_FILE(int, ftruncate64, (int file, off64_t size), (file, size), int, off64_t)
ON_FILE(int, fallocate, (int file, int mode, off_t at, off_t size), (file, mode, at, size), int, int, off_t, off_t)

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    char buffer[PATH_MAX];
    return fails("rename", absolute(AT_FDCWD, to, buffer)) ? -1 : real(from, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    REAL(int, "renameat", int, const char *, int, const char *);
    char buffer[PATH_MAX];
    return fails("renameat", absolute(to_folder, to, buffer)) ? -1 : real(from_folder, from, to_folder, to);
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    char buffer[PATH_MAX];
    return fails("mkdir", absolute(AT_FDCWD, path, buffer)) ? -1 : real(path, mode);
}

static int writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT; }

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, #name, const char *, int, ...); \
        char buffer[PATH_MAX]; \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        return writes(flags) && fails(#name, absolute(AT_FDCWD, path, buffer)) ? -1 : real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        REAL(int, #name, int, const char *, int, ...); \
        char buffer[PATH_MAX]; \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        return writes(flags) && fails(#name, absolute(folder, path, buffer)) ? -1 : real(folder, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name) \
    FILE *name(const char *path, const char *mode) { \
        REAL(FILE *, #name, const char *, const char *); \
        char buffer[PATH_MAX]; \
        int is_writing = strpbrk(mode, "wa+") != NULL; \
        return is_writing && fails(#name, absolute(AT_FDCWD, path, buffer)) ? NULL : real(path, mode); \
    }
FOPEN(fopen)
FOPEN(fopen64)
