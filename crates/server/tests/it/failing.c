/* Preloaded into the binary by the tests: calls on files below LIVEWELL_TEST_DISK fail with EIO while the file
 * LIVEWELL_TEST_FAILS is there and holds the call's name; with "once" in it, the first one that fails removes it.
 * "meta" stands for the small writes by which the store commits. LIVEWELL_TEST_CLOCK is a file with the seconds by
 * which the clock is off. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int words(const char *variable, char *into, int size) {
    const char *path = getenv(variable);
    int file = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY) : -1;
    if (file < 0) return 0;
    long length = syscall(SYS_read, file, into, size - 1);
    syscall(SYS_close, file);
    into[length > 0 ? length : 0] = 0;
    return length > 0;
}

static int fails(int fd, const char *call) {
    char fail[128], link[64], path[4096];
    const char *disk = getenv("LIVEWELL_TEST_DISK");
    int before = errno;
    if (!disk || !words("LIVEWELL_TEST_FAILS", fail, sizeof fail) || !strstr(fail, call)) return errno = before, 0;
    if (fd >= 0) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        long length = readlink(link, path, sizeof path - 1);
        path[length > 0 ? length : 0] = 0;
        if (strncmp(path, disk, strlen(disk))) return errno = before, 0;
    }
    if (strstr(fail, "once")) unlink(getenv("LIVEWELL_TEST_FAILS"));
    errno = EIO;
    return 1;
}

#define NEXT(name) (__typeof__(&name))dlsym(RTLD_NEXT, #name)

int fsync(int fd) { return fails(fd, "sync") ? -1 : (NEXT(fsync))(fd); }
int fdatasync(int fd) { return fails(fd, "sync") ? -1 : (NEXT(fdatasync))(fd); }
int msync(void *at, size_t length, int flags) { return fails(-1, "sync") ? -1 : (NEXT(msync))(at, length, flags); }

ssize_t pwrite(int fd, const void *from, size_t count, off_t at) {
    return fails(fd, count % 512 ? "meta" : "write") ? -1 : (NEXT(pwrite))(fd, from, count, at);
}
ssize_t pwrite64(int fd, const void *from, size_t count, off64_t at) {
    return fails(fd, count % 512 ? "meta" : "write") ? -1 : (NEXT(pwrite64))(fd, from, count, at);
}
ssize_t pwritev(int fd, const struct iovec *from, int count, off_t at) {
    return fails(fd, "write") ? -1 : (NEXT(pwritev))(fd, from, count, at);
}
ssize_t pwritev64(int fd, const struct iovec *from, int count, off64_t at) {
    return fails(fd, "write") ? -1 : (NEXT(pwritev64))(fd, from, count, at);
}
ssize_t writev(int fd, const struct iovec *from, int count) {
    return fails(fd, "write") ? -1 : (NEXT(writev))(fd, from, count);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    char offset[32];
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME && words("LIVEWELL_TEST_CLOCK", offset, sizeof offset)) now->tv_sec += atol(offset);
    return result;
}
