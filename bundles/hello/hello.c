// SPDX-License-Identifier: Apache-2.0
// The sample application: a web server whose answer is a value that Git decides. It prints the text of
// the environment variable HELLO_MESSAGE, or of the file named by HELLO_FILE, read anew for each
// request. Listens on LISTEN_PORT (8080): Kubernetes itself sets HELLO_PORT in pods beside a Service
// called hello. One process, one thread, at most 64 clients at once; a client that says nothing for
// 5 s is dropped.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { clients_max = 64, request_max = 4096, message_max = 65536, patience_s = 5 };

struct client {
  int fd;
  size_t used;
  time_t deadline;
  char request[request_max];
};

static struct client clients[clients_max];
static char message[message_max + 1];

static void end(int signal) {
  (void)signal;
  _exit(0);
}

static time_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec;
}

static const char *load_message(void) {
  const char *path = getenv("HELLO_FILE");
  if (path == NULL || *path == '\0') {
    const char *text = getenv("HELLO_MESSAGE");
    return text == NULL ? "hello" : text;
  }
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t size = fd < 0 ? -1 : read(fd, message, message_max);
  if (fd >= 0) close(fd);
  if (size < 0) return NULL;
  message[size] = '\0';
  return message;
}

static void send_all(int fd, const char *data, size_t size) {
  while (size > 0) {
    ssize_t count = send(fd, data, size, MSG_NOSIGNAL);
    if (count <= 0) return;
    data += count;
    size -= (size_t)count;
  }
}

static void answer(const struct client *client) {
  const char *status = "200 OK";
  const char *body = load_message();
  int is_get = strncmp(client->request, "GET ", 4) == 0;
  int is_head = strncmp(client->request, "HEAD ", 5) == 0;
  if (!is_get && !is_head) {
    status = "405 Method Not Allowed";
    body = "only GET and HEAD";
  } else if (body == NULL) {
    status = "500 Internal Server Error";
    body = "the file that HELLO_FILE names cannot be read";
  }
  char head[256];
  size_t length = strlen(body);
  int newline = length == 0 || body[length - 1] != '\n';
  int size = snprintf(head, sizeof head,
                      "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
                      "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                      status, length + (size_t)newline);
  send_all(client->fd, head, (size_t)size);
  if (is_head) return;
  send_all(client->fd, body, length);
  if (newline) send_all(client->fd, "\n", 1);
}

static void drop(struct client *client) {
  shutdown(client->fd, SHUT_WR);
  close(client->fd);
  client->fd = -1;
}

static void take(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) return;
  struct timeval patience = {.tv_sec = patience_s};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  for (int i = 0; i < clients_max; ++i) {
    if (clients[i].fd >= 0) continue;
    clients[i].fd = fd;
    clients[i].used = 0;
    clients[i].deadline = now() + patience_s;
    return;
  }
  close(fd);
}

static void hear(struct client *client) {
  ssize_t count = recv(client->fd, client->request + client->used, request_max - 1 - client->used, 0);
  if (count <= 0) {
    drop(client);
    return;
  }
  client->used += (size_t)count;
  client->request[client->used] = '\0';
  if (strstr(client->request, "\r\n\r\n") != NULL) {
    answer(client);
    drop(client);
  } else if (client->used == request_max - 1) {
    drop(client);
  }
}

static int listen_on(int port) {
  int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int yes = 1, no = 0;
  struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
  if (fd >= 0) {
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (bind(fd, (struct sockaddr *)&any6, sizeof any6) == 0 && listen(fd, 64) == 0) return fd;
    close(fd);
  }
  struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(fd, (struct sockaddr *)&any4, sizeof any4) == 0 && listen(fd, 64) == 0) return fd;
  perror("hello: cannot listen");
  exit(1);
}

int main(void) {
  signal(SIGTERM, end);
  signal(SIGINT, end);
  const char *port = getenv("LISTEN_PORT");
  int listener = listen_on(port == NULL ? 8080 : atoi(port));
  for (int i = 0; i < clients_max; ++i) clients[i].fd = -1;
  for (;;) {
    struct pollfd sources[clients_max + 1];
    for (int i = 0; i < clients_max; ++i) {
      sources[i] = (struct pollfd){.fd = clients[i].fd, .events = POLLIN};
    }
    sources[clients_max] = (struct pollfd){.fd = listener, .events = POLLIN};
    poll(sources, clients_max + 1, 1000);
    for (int i = 0; i < clients_max; ++i) {
      if (clients[i].fd < 0) continue;
      if (sources[i].revents != 0) {
        hear(&clients[i]);
      } else if (now() >= clients[i].deadline) {
        drop(&clients[i]);
      }
    }
    if (sources[clients_max].revents != 0) take(listener);
  }
}
