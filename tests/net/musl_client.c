// Connects to port 443 at each address of a name, and says which. Built with musl, whose resolver
// sends the questions for A and AAAA together, from one socket and to all servers.
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static const void* octets_of(const struct sockaddr* address) {
  if (address->sa_family == AF_INET) return &((const struct sockaddr_in*)address)->sin_addr;
  return &((const struct sockaddr_in6*)address)->sin6_addr;
}

static int reach(const struct addrinfo* at) {
  char text[INET6_ADDRSTRLEN];
  const int connection = socket(at->ai_family, at->ai_socktype, 0);
  if (connection < 0 || connect(connection, at->ai_addr, at->ai_addrlen) != 0) return 0;
  close(connection);
  return puts(inet_ntop(at->ai_family, octets_of(at->ai_addr), text, sizeof text)) >= 0;
}

int main(int count, char** words) {
  const struct addrinfo stream = {.ai_socktype = SOCK_STREAM};
  struct addrinfo* found;
  if (count != 2 || getaddrinfo(words[1], "443", &stream, &found) != 0) return 2;
  for (const struct addrinfo* at = found; at != NULL; at = at->ai_next)
    if (!reach(at)) return 1;
  return 0;
}
