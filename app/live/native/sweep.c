/* The one loop that runs once per copy: the same bytes to many sockets by send(2).
 *
 * A plain shared library without Python in it, called by ctypes, which lets go of the interpreter lock meanwhile. It is optional:
 * app/live/sweep.py does the same in Python. Built by bin/native.
 *
 * Writes what the kernel takes at once. rest[] receives, for each socket that did not take all, its index and how many bytes it took
 * (-1: broken); returns how many those are.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

int lectern_sweep(const int *fds, int count, const char *frame, size_t size, int *rest) {
  int left = 0;
  for (int i = 0; i < count; i++) {
    if (fds[i] < 0) continue;
    ssize_t took;
    do took = send(fds[i], frame, size, MSG_DONTWAIT | MSG_NOSIGNAL); while (took < 0 && errno == EINTR);
    if (took == (ssize_t)size) continue;
    rest[2 * left] = i;
    rest[2 * left + 1] = took >= 0 ? (int)took : errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? 0 : -1;
    left++;
  }
  return left;
}
