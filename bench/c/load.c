/* A cheap load client: thousands of websockets on one thread with epoll, for benches.
 *
 * It joins, says READY, and then does what each line on its standard input asks for; every answer is one line of JSON.
 *   go RATE SECONDS   publish RATE messages a second for SECONDS and check every copy that arrives
 *   ask RATE SECONDS  the same, but measure the answers ("type":"ok") of the publishers
 *   flat SECONDS N    closed loop: every publisher keeps N commands unanswered; measures answers
 *   storm SECONDS     wait until all sockets are closed, come back with full jitter, say how long it took
 *   wait SECONDS      keep the sockets, answer pings
 *   quit
 * A message carries "~NUMBER:NANOSECONDS~", the time it was due; latency counts from there, so a late sender does not flatter.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { IDLE, CONNECTING, TLS, HANDSHAKE, WELCOME, READY, AWAY, FETCH };
enum { SUBSCRIBER, PUBLISHER };

typedef struct {
  int fd, state, kind, tries, index, outstanding;
  SSL *ssl;
  char *rest;
  size_t held, room;
  long last;
  int64_t due, asked_at[64];
  unsigned asked_head, asked_tail;
  char *ticket;
} Conn;

static const char *host = "127.0.0.1", *path = "/", *pub_path = NULL, *origin = "http://localhost", *slug = NULL, *pub_kind = "echo";
static int port, count = 100, pubs = 1, inflight = 64, size = 200, use_tls;
static char **tickets, **pub_tickets;
static Conn *conns;
static int total, ep, timer, ready, pending, next_conn, closed_count;
static SSL_CTX *ctx;
static int64_t joined_ns;
static char buffer[262144];

static uint32_t *histogram;
#define BUCKETS 400000 /* of 0.1 ms */
static long copies, order_errors, missing, sent, errors, answers, refused, bytes_in;
#define PLACES 4000000
static long base_number, next_number, told;
static int *order;
static int counting;

static int64_t now_ns(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000LL + t.tv_nsec; }
static void die(const char *what) { fprintf(stderr, "load: %s: %s\n", what, strerror(errno)); exit(1); }

static void note(int64_t ns) {
  long bucket = ns / 100000;
  histogram[bucket < 0 ? 0 : bucket >= BUCKETS ? BUCKETS - 1 : bucket]++;
}

static double percentile(double part) {
  uint64_t all = 0, so_far = 0;
  for (int i = 0; i < BUCKETS; i++) all += histogram[i];
  if (!all) return -1;
  for (int i = 0; i < BUCKETS; i++) if ((so_far += histogram[i]) >= part * all) return (i + 1) / 10.0;
  return -1;
}

static char **read_lines(const char *name, int n) {
  FILE *f = fopen(name, "r");
  if (!f) die(name);
  char **lines = calloc(n, sizeof *lines), *line = NULL;
  size_t cap = 0;
  for (int i = 0; i < n; i++) {
    ssize_t got = getline(&line, &cap, f);
    if (got <= 0) die("too few tickets");
    line[strcspn(line, "\n")] = 0;
    lines[i] = strdup(line);
  }
  fclose(f);
  return lines;
}

static void watch(Conn *c, uint32_t events, int op) {
  struct epoll_event e = {.events = events, .data.ptr = c};
  epoll_ctl(ep, op, c->fd, &e);
}

static void drop(Conn *c, int64_t after);

static void out(Conn *c, const char *data, size_t n) {
  while (n) {
    ssize_t w = c->ssl ? SSL_write(c->ssl, data, n) : send(c->fd, data, n, MSG_NOSIGNAL);
    if (w <= 0) {
      /* Small writes on sockets that are read all the time: full buffers are waited for, not queued. */
      if ((c->ssl && SSL_get_error(c->ssl, w) == SSL_ERROR_WANT_WRITE) || (!c->ssl && errno == EAGAIN)) { usleep(200); continue; }
      return;
    }
    data += w, n -= w;
  }
}

static void frame_out(Conn *c, int opcode, const char *text, size_t n) {
  unsigned char *f = (unsigned char *)malloc(n + 14);
  size_t h = 0;
  f[h++] = 0x80 | opcode;
  if (n < 126) f[h++] = 0x80 | n;
  else { f[h++] = 0x80 | 126; f[h++] = n >> 8; f[h++] = n; }
  uint32_t mask = rand();
  memcpy(f + h, &mask, 4);
  h += 4;
  for (size_t i = 0; i < n; i++) f[h + i] = text[i] ^ ((unsigned char *)&mask)[i & 3];
  out(c, (char *)f, h + n);
  free(f);
}

static void open_conn(Conn *c) {
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd < 0) die("socket");
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &a.sin_addr);
  c->state = c->state == FETCH ? FETCH : CONNECTING;
  c->held = 0;
  if (connect(c->fd, (void *)&a, sizeof a) && errno != EINPROGRESS) { close(c->fd); c->fd = -1; drop(c, 0); return; }
  watch(c, EPOLLOUT, EPOLL_CTL_ADD);
}

static void ask_ticket(Conn *c) {
  char head[512];
  int n = snprintf(head, sizeof head,
    "POST /w/%s/ticket HTTP/1.1\r\nHost: %s:%d\r\nOrigin: %s\r\nContent-Type: application/json\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{\"seat\":null}",
    slug, host, port, origin);
  out(c, head, n);
}

static void ask_upgrade(Conn *c) {
  char head[1024];
  const char *where = c->kind == PUBLISHER && pub_path ? pub_path : path;
  int n = snprintf(head, sizeof head,
    "GET %s HTTP/1.1\r\nHost: %s:%d\r\nOrigin: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
    "dGhlIHNhbXBsZSBub25jZQ==\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\nCache-Control: no-cache\r\nPragma: no-cache\r\n\r\n",
    where, host, port, origin);
  c->state = HANDSHAKE;
  out(c, head, n);
}

static void is_ready(Conn *c) {
  c->state = READY;
  c->tries = 0;
  ready++, pending--;
  joined_ns = now_ns();
}

static void began(Conn *c) {
  if (c->state == FETCH) ask_ticket(c);
  else if (c->kind == PUBLISHER && !strcmp(pub_kind, "nchan")) is_ready(c);
  else ask_upgrade(c);
}

static void upgraded(Conn *c) {
  char *ticket = c->ticket ? c->ticket : tickets ? (c->kind == PUBLISHER ? pub_tickets : tickets)[c->index] : NULL;
  if (!ticket) { is_ready(c); return; }
  char hello[2048];
  int n = snprintf(hello, sizeof hello, "{\"type\":\"hello\",\"ticket\":\"%s\"}", ticket);
  frame_out(c, 1, hello, n);
  c->state = WELCOME;
}

static void copy(Conn *c, const char *text, size_t n) {
  const char *end = text + n, *at = text;
  while ((at = memchr(at, '~', end - at)) && end - at > 28) {
    long number = strtol(at + 1, NULL, 10);
    if (at[8] != ':' ) { at++; continue; }
    int64_t due = strtoll(at + 9, NULL, 10);
    at += 29;
    if (c->kind != SUBSCRIBER || number < base_number) continue;
    /* Whoever is first says which message comes at this place; for everybody else it must be the same one, so nothing is lost,
     * doubled or in another order. With one publisher it must also be the order of sending. */
    long place = c->last++;
    if (place == told && told < PLACES) order[told++] = number;
    if (place >= PLACES || order[place] != number || (pubs == 1 && number != base_number + place)) order_errors++;
    copies++;
    note(now_ns() - due);
  }
}

static void answer(Conn *c, const char *text, size_t n) {
  if (c->kind != PUBLISHER || c->asked_head == c->asked_tail) return;
  int ok = n > 12 && !memcmp(text, "{\"type\":\"ok\"", 12), no = n > 15 && !memcmp(text, "{\"type\":\"error\"", 15);
  if (!ok && !no) return;
  int64_t at = c->asked_at[c->asked_tail++ & 63];
  c->outstanding--;
  if (no) { refused++; return; }
  answers++;
  if (counting == 2) note(now_ns() - at);
}

static double hint(const char *reason, size_t n) {
  char text[128] = {0};
  memcpy(text, reason, n < 127 ? n : 127);
  char *at = strstr(text, "retry_after=");
  return at ? atof(at + 12) : 0;
}

/* Returns the bytes used. */
static size_t frames(Conn *c, const unsigned char *data, size_t n) {
  size_t at = 0;
  while (n - at >= 2) {
    size_t h = 2, len = data[at + 1] & 0x7f;
    if (len == 126) { if (n - at < 4) break; len = data[at + 2] << 8 | data[at + 3]; h = 4; }
    else if (len == 127) { if (n - at < 10) break; len = 0; for (int i = 0; i < 8; i++) len = len << 8 | data[at + 2 + i]; h = 10; }
    if (n - at < h + len) break;
    const char *text = (const char *)data + at + h;
    int opcode = data[at] & 15;
    at += h + len;
    if (opcode == 9) frame_out(c, 10, text, len);
    else if (opcode == 8) { double s = len > 2 ? hint(text + 2, len - 2) : 0; drop(c, s * 1e9); return at; }
    else if (opcode == 1) {
      if (c->state == WELCOME && len > 17 && !memcmp(text, "{\"type\":\"welcome\"", 17)) is_ready(c);
      else if (c->state == READY) {
        answer(c, text, len);
        if (counting == 1) copy(c, text, len);
      }
    }
  }
  return at;
}

static int read_some(Conn *c, char *into, size_t max) {
  int got = c->ssl ? SSL_read(c->ssl, into, max) : recv(c->fd, into, max, 0);
  if (got > 0) { bytes_in += got; return got; }
  if (c->ssl) { int e = SSL_get_error(c->ssl, got); if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE) return 0; }
  else if (got < 0 && errno == EAGAIN) return 0;
  return -1;
}

static void fetched(Conn *c) {
  char *at = memmem(c->rest, c->held, "\"ticket\":\"", 10);
  free(c->ticket);
  c->ticket = NULL;
  if (at) {
    char *end = memchr(at + 10, '"', c->rest + c->held - at - 10);
    if (end) c->ticket = strndup(at + 10, end - at - 10);
  }
  epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, NULL);
  close(c->fd);
  c->held = 0;
  if (!c->ticket) { c->fd = -1; drop(c, 0); return; }
  c->state = CONNECTING;
  open_conn(c);
}

static void hold(Conn *c, const char *data, size_t n) {
  if (c->held + n + 1 > c->room) c->rest = realloc(c->rest, c->room = (c->held + n) * 2 + 64);
  memcpy(c->rest + c->held, data, n);
  c->held += n;
  c->rest[c->held] = 0;
}

static void readable(Conn *c) {
  for (;;) {
    int got = read_some(c, buffer, sizeof buffer);
    if (got == 0) return;
    if (got < 0) { if (c->state == FETCH) fetched(c); else drop(c, 0); return; }
    if (c->state == FETCH) { hold(c, buffer, got); continue; }
    char *data = buffer;
    size_t n = got;
    if (c->held) { hold(c, buffer, got); data = c->rest; n = c->held; }
    size_t used = 0;
    if (c->state == HANDSHAKE) {
      char *end = memmem(data, n, "\r\n\r\n", 4);
      if (!end) { if (!c->held) hold(c, data, n); continue; }
      if (n < 12 || memcmp(data + 9, "101", 3)) { errors++; drop(c, 0); return; }
      used = end + 4 - data;
      upgraded(c);
    } else if (c->kind == PUBLISHER && !strcmp(pub_kind, "nchan")) used = n; /* answers to POST */
    int fd = c->fd;
    if (c->state >= WELCOME) used += frames(c, (unsigned char *)data + used, n - used);
    if (c->fd != fd || c->fd < 0) return;
    if (data == c->rest) { memmove(c->rest, c->rest + used, n - used); c->held = n - used; }
    else if (used < n) hold(c, data + used, n - used);
    if (got < (int)sizeof buffer && !c->ssl) return;
  }
}

static void drop(Conn *c, int64_t after) {
  if (c->fd >= 0) { epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, NULL); close(c->fd); }
  if (c->ssl) { SSL_free(c->ssl); c->ssl = NULL; }
  if (c->state == READY) ready--, closed_count++;
  else if (c->state != AWAY && c->state != IDLE) pending--;
  c->fd = -1;
  c->held = 0;
  double most = 0.5 * (1 << (c->tries < 6 ? c->tries : 6));
  if (most > 10) most = 10;
  c->tries++;
  c->state = AWAY;
  c->due = now_ns() + after + (int64_t)(most * 1e9 * (rand() / (double)RAND_MAX));
}

static void handshake_tls(Conn *c);

static void writable(Conn *c) {
  int error = 0;
  socklen_t len = sizeof error;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
  if (error) { errors++; drop(c, 0); return; }
  if (use_tls && !c->ssl) { c->ssl = SSL_new(ctx); SSL_set_fd(c->ssl, c->fd); SSL_set_connect_state(c->ssl); c->state = TLS; }
  watch(c, EPOLLIN, EPOLL_CTL_MOD);
  if (c->ssl) handshake_tls(c);
  else began(c);
}

static void handshake_tls(Conn *c) {
  int r = SSL_do_handshake(c->ssl);
  if (r == 1) { watch(c, EPOLLIN, EPOLL_CTL_MOD); began(c); return; }
  int e = SSL_get_error(c->ssl, r);
  if (e == SSL_ERROR_WANT_READ) watch(c, EPOLLIN, EPOLL_CTL_MOD);
  else if (e == SSL_ERROR_WANT_WRITE) watch(c, EPOLLOUT, EPOLL_CTL_MOD);
  else { errors++; drop(c, 0); }
}

static void start_more(void) {
  while (pending < inflight && next_conn < total) { pending++; open_conn(&conns[next_conn++]); }
}

static void come_back(int64_t now) {
  for (int i = 0; i < total; i++)
    if (conns[i].state == AWAY && conns[i].due <= now) {
      pending++;
      conns[i].state = slug ? FETCH : CONNECTING;
      open_conn(&conns[i]);
    }
}

static int stdin_line(char *line, int max) {
  static int at;
  char ch;
  while (read(0, &ch, 1) == 1) { if (ch == '\n') { line[at] = 0; at = 0; return 1; } if (at < max - 1) line[at++] = ch; }
  return 0;
}

/* One round of events; returns 1 when a line came in. */
static int turn(int timeout, char *line, int max) {
  static struct epoll_event events[1024];
  int n = epoll_wait(ep, events, 1024, timeout), got = 0;
  for (int i = 0; i < n; i++) {
    Conn *c = events[i].data.ptr;
    if (!c) { got = stdin_line(line, max); continue; }
    if ((void *)c == (void *)&timer) { uint64_t t; if (read(timer, &t, 8) < 0) {} continue; }
    if (c->fd < 0) continue;
    if (c->state == TLS) handshake_tls(c);
    else if ((c->state == CONNECTING || c->state == FETCH) && events[i].events & EPOLLOUT) writable(c);
    else readable(c);
  }
  return got;
}

static void publish_on(Conn *c, int64_t due) {
  char text[4096], all[8192];
  int n = snprintf(text, sizeof text, "~%07ld:%019lld~ ", next_number, (long long)due);
  while (n < size) text[n] = "a calm webinar about bees "[n % 26], n++;
  text[n] = 0;
  if (!strcmp(pub_kind, "nchan")) {
    int h = snprintf(all, sizeof all, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", pub_path, n, text);
    out(c, all, h);
  } else if (!strcmp(pub_kind, "lectern")) {
    int h = snprintf(all, sizeof all, "{\"id\":%ld,\"type\":\"chat.say\",\"ref\":\"%lx-%ld\",\"text\":\"%s\"}", next_number + 1, (long)getpid(), next_number, text);
    c->asked_at[c->asked_head++ & 63] = due;
    c->outstanding++;
    frame_out(c, 1, all, h);
  } else frame_out(c, 1, text, n);
  next_number++, sent++;
}

static void publish(int64_t due) {
  static long turn_of;
  publish_on(&conns[count + turn_of++ % pubs], due);
}

static void begin(int kind) {
  memset(histogram, 0, BUCKETS * sizeof *histogram);
  copies = order_errors = missing = sent = answers = refused = bytes_in = errors = 0;
  base_number = next_number;
  told = 0;
  for (int i = 0; i < total; i++) conns[i].last = 0;
  counting = kind;
}

static void wake_at(int64_t when) {
  struct itimerspec t = {.it_value = {when / 1000000000LL, when % 1000000000LL}};
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &t, NULL);
}

static void go(double rate, double seconds, int kind) {
  char line[256];
  begin(kind);
  int64_t start = now_ns() + 20000000, step = 1e9 / rate;
  long want = rate * seconds;
  while (sent < want) {
    int64_t due = start + sent * step, now = now_ns();
    if (due <= now) { publish(due); continue; }
    wake_at(due);
    turn(100, line, sizeof line);
  }
  int64_t ended = now_ns();
  while (now_ns() - ended < 5000000000LL) {
    if (kind == 1 && copies >= sent * count) break;
    if (kind == 2 && answers + refused >= sent) break;
    turn(5, line, sizeof line);
  }
  counting = 0;
  missing = kind == 1 ? sent * count - copies : sent - answers - refused;
  printf("{\"sent\":%ld,\"copies\":%ld,\"missing\":%ld,\"order_errors\":%ld,\"answers\":%ld,\"refused\":%ld,\"errors\":%ld,\"bytes\":%ld,"
         "\"seconds\":%.3f,\"p50_ms\":%.1f,\"p99_ms\":%.1f,\"max_ms\":%.1f,\"ready\":%d}\n",
         sent, copies, missing, order_errors, answers, refused, errors, bytes_in, (now_ns() - start) / 1e9, percentile(.5), percentile(.99),
         percentile(1), ready);
}

static void flat(double seconds, int depth) {
  char line[256];
  begin(2);
  Conn *publishers = conns + count;
  int64_t start = now_ns(), until = start + seconds * 1e9;
  while (now_ns() < until) {
    for (int i = 0; i < pubs; i++)
      while (publishers[i].state == READY && publishers[i].outstanding < depth) publish_on(&publishers[i], now_ns());
    turn(20, line, sizeof line);
  }
  long in_time = answers;
  double took = (now_ns() - start) / 1e9;
  while (answers + refused < sent && now_ns() - until < 20000000000LL) turn(20, line, sizeof line);
  counting = 0;
  printf("{\"sent\":%ld,\"answers\":%ld,\"refused\":%ld,\"unanswered\":%ld,\"a_second\":%.1f,\"p50_ms\":%.1f,\"p99_ms\":%.1f}\n", sent, in_time, refused,
         sent - answers - refused, in_time / took, percentile(.5), percentile(.99));
}

static void storm(double seconds) {
  char line[256];
  int64_t begun = now_ns(), lost = 0, all = 0;
  closed_count = 0;
  while (now_ns() - begun < seconds * 1e9) {
    turn(5, line, sizeof line);
    int64_t now = now_ns();
    if (!lost && closed_count) lost = now;
    come_back(now);
    if (lost && ready == total && closed_count >= total) { all = now; break; }
  }
  printf("{\"closed\":%d,\"back\":%d,\"errors\":%ld,\"seconds\":%.2f}\n", closed_count, ready, errors, all ? (all - lost) / 1e9 : -1.0);
}

static void wait_for(double seconds) {
  char line[256];
  int64_t until = now_ns() + seconds * 1e9;
  while (now_ns() < until) turn(20, line, sizeof line);
  printf("{\"ready\":%d}\n", ready);
}

static void obey(const char *line) {
  double a = 0, b = 0;
  char word[16] = "";
  sscanf(line, "%15s %lf %lf", word, &a, &b);
  if (!strcmp(word, "go")) go(a, b, 1);
  else if (!strcmp(word, "ask")) go(a, b, 2);
  else if (!strcmp(word, "flat")) flat(a, b);
  else if (!strcmp(word, "storm")) storm(a);
  else if (!strcmp(word, "wait")) wait_for(a);
  else exit(0);
  fflush(stdout);
}

static void join_all(double seconds) {
  char line[256];
  int64_t start = now_ns(), said = start;
  while (ready < total) {
    start_more();
    turn(20, line, sizeof line);
    come_back(now_ns());
    if (now_ns() - start > seconds * 1e9) { fprintf(stderr, "load: only %d of %d joined, %ld errors\n", ready, total, errors); exit(1); }
    if (now_ns() - said > 5000000000LL) { said = now_ns(); fprintf(stderr, "load: %d of %d joined\n", ready, total); }
  }
  printf("{\"joined\":%d,\"seconds\":%.3f,\"errors\":%ld}\n", ready, (joined_ns - start) / 1e9, errors);
  fflush(stdout);
}

int main(int argc, char **argv) {
  static struct option options[] = {
    {"host", 1, 0, 'h'}, {"port", 1, 0, 'p'}, {"path", 1, 0, 'a'}, {"origin", 1, 0, 'o'}, {"n", 1, 0, 'n'}, {"pubs", 1, 0, 'u'},
    {"inflight", 1, 0, 'i'}, {"size", 1, 0, 's'}, {"tls", 0, 0, 't'}, {"tickets", 1, 0, 'k'}, {"pub-tickets", 1, 0, 'K'},
    {"pub-path", 1, 0, 'A'}, {"pub-kind", 1, 0, 'P'}, {"slug", 1, 0, 'g'}, {0}};
  char *ticket_file = NULL, *pub_file = NULL, line[256];
  for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
    switch (c) {
      case 'h': host = optarg; break;
      case 'p': port = atoi(optarg); break;
      case 'a': path = optarg; break;
      case 'o': origin = optarg; break;
      case 'n': count = atoi(optarg); break;
      case 'u': pubs = atoi(optarg); break;
      case 'i': inflight = atoi(optarg); break;
      case 's': size = atoi(optarg); break;
      case 't': use_tls = 1; break;
      case 'k': ticket_file = optarg; break;
      case 'K': pub_file = optarg; break;
      case 'A': pub_path = optarg; break;
      case 'P': pub_kind = optarg; break;
      case 'g': slug = optarg; break;
      default: return 2;
    }
  total = count + pubs;
  if (ticket_file) tickets = read_lines(ticket_file, count);
  if (pub_file) pub_tickets = read_lines(pub_file, pubs);
  if (use_tls) { ctx = SSL_CTX_new(TLS_client_method()); SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL); SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS); }
  histogram = calloc(BUCKETS, sizeof *histogram);
  order = calloc(PLACES, sizeof *order);
  conns = calloc(total, sizeof *conns);
  for (int i = 0; i < total; i++) conns[i].fd = -1, conns[i].kind = i < count ? SUBSCRIBER : PUBLISHER, conns[i].index = i < count ? i : i - count;
  srand(getpid());
  ep = epoll_create1(0);
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = &timer};
  epoll_ctl(ep, EPOLL_CTL_ADD, timer, &e);
  join_all(120);
  /* From here on lines are read without waiting for them. */
  fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
  e.data.ptr = NULL;
  epoll_ctl(ep, EPOLL_CTL_ADD, 0, &e);
  for (;;) if (turn(100, line, sizeof line)) obey(line);
}
