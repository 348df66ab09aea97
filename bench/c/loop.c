/* The physical limit: one thread, epoll, and a loop of send(2). A websocket server that says every text to everybody, and nothing else.
 * What a client sends as text is framed once and written to all other sockets; a full socket is waited for by dropping it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 20000
static int open_fds[MOST], opened, place[MOST * 2], ep;
static char up[MOST * 2];

static void gone(int fd) {
  if (up[fd]) { open_fds[place[fd]] = open_fds[--opened]; place[open_fds[place[fd]]] = place[fd]; up[fd] = 0; }
  close(fd);
}

static void handshake(int fd, char *head, size_t n) {
  char *key = memmem(head, n, "Sec-WebSocket-Key: ", 19), joined[64], answer[256], digest[32];
  unsigned char hash[20];
  if (!key) { gone(fd); return; }
  memcpy(joined, key + 19, 24);
  memcpy(joined + 24, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
  SHA1((unsigned char *)joined, 60, hash);
  EVP_EncodeBlock((unsigned char *)digest, hash, 20);
  int size = snprintf(answer, sizeof answer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", digest);
  if (send(fd, answer, size, MSG_NOSIGNAL) < 0) { gone(fd); return; }
  up[fd] = 1, place[fd] = opened, open_fds[opened++] = fd;
}

static void say(int from, unsigned char *frame, size_t n) {
  size_t at = 0;
  while (n - at >= 6) {
    size_t h = 2, len = frame[at + 1] & 127;
    if (len == 126) len = frame[at + 2] << 8 | frame[at + 3], h = 4;
    if (n - at < h + 4 + len) return;
    unsigned char *mask = frame + at + h, *text = mask + 4;
    for (size_t i = 0; i < len; i++) text[i] ^= mask[i & 3];
    if ((frame[at] & 15) == 1) {
      static char ready[70000];
      size_t size = 0;
      ready[size++] = 0x81;
      if (len < 126) ready[size++] = len;
      else ready[size++] = 126, ready[size++] = len >> 8, ready[size++] = len;
      memcpy(ready + size, text, len);
      size += len;
      for (int i = 0; i < opened; i++)
        if (open_fds[i] != from && send(open_fds[i], ready, size, MSG_NOSIGNAL | MSG_DONTWAIT) < (ssize_t)size) { int fd = open_fds[i--]; gone(fd); }
    }
    at += h + 4 + len;
  }
}

int main(int argc, char **argv) {
  static char data[65536];
  static struct epoll_event events[1024];
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(argc > 1 ? atoi(argv[1]) : 9000), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (void *)&a, sizeof a) || listen(listener, 4096)) { perror("listen"); return 1; }
  ep = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e);
  for (;;) {
    int n = epoll_wait(ep, events, 1024, -1);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        int got = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (got < 0) continue;
        setsockopt(got, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        e.data.fd = got;
        epoll_ctl(ep, EPOLL_CTL_ADD, got, &e);
        continue;
      }
      ssize_t got = recv(fd, data, sizeof data, 0);
      if (got <= 0) { if (got == 0 || errno != EAGAIN) gone(fd); }
      else if (!up[fd]) handshake(fd, data, got);
      else say(fd, (unsigned char *)data, got);
    }
  }
}
