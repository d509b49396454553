#!/usr/bin/env bash
# After one failed write of a meta page, LMDB refuses every transaction of that environment, even one that only reads,
# though the commit before is whole. Opened again, the environment has that commit and works.
#
# A preloaded library lets one write to the first two pages fail with EIO, as a disk may.
#
# Seen with LMDB 0.9.31 (py-lmdb 1.6.2) on 2026-11-29.
set -euo pipefail
PLACE=$(mktemp -d)
trap 'rm -rf "$PLACE"' EXIT
cd "$PLACE"
python3 -m venv venv
./venv/bin/pip install --quiet --disable-pip-version-check lmdb==1.6.2

cat >failing.c <<'CODE'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>

typedef ssize_t (*write_at)(int, const void *, size_t, off_t);

/* Fails once if the file `fail` is there, and takes it away. */
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    if (at < 8192 && unlink("fail") == 0) {
        errno = EIO;
        return -1;
    }
    return ((write_at)dlsym(RTLD_NEXT, "pwrite"))(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) {
    return pwrite(fd, data, size, at);
}
CODE
cc -shared -fPIC -o failing.so failing.c -ldl

seen=$(LD_PRELOAD="$PLACE/failing.so" ./venv/bin/python - <<'PROGRAM'
import lmdb


def attempt(what):
    try:
        return what()
    except lmdb.Error as error:
        return type(error).__name__


def put(value):
    with env.begin(write=True) as txn:
        txn.put(b"key", value)
    return "committed"


def get():
    with env.begin() as txn:
        return txn.get(b"key").decode()


env = lmdb.open("data", map_size=1 << 20)
print("LMDB", ".".join(map(str, lmdb.version())))
print("first write:", put(b"first"))
open("fail", "w").close()
print("second write:", attempt(lambda: put(b"second")))
print("read:", attempt(get))
print("third write:", attempt(lambda: put(b"third")))
env.close()
env = lmdb.open("data", map_size=1 << 20)
print("read after opening again:", get())
print("write after opening again:", put(b"fourth"))
PROGRAM
)
expected="LMDB 0.9.31
first write: committed
second write: Error
read: PanicError
third write: PanicError
read after opening again: first
write after opening again: committed"
echo "$seen"
if [ "$seen" != "$expected" ]; then
    echo "this has changed; it was:"
    echo "$expected"
    exit 1
fi
