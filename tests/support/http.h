#pragma once
/*
 * As much of an HTTP client as the tests of the web port need: one request a connection, bytes as they are.
 */
#include <stddef.h>
#include <stdint.h>

/** Connect to 127.0.0.1. */
int http_connect(uint16_t port);

/** Send bytes as they are. */
void http_send(int fd, const char *bytes, size_t len);

/** Everything until the server hangs up, and a NUL. Closes the connection. Returns the length. */
size_t http_read(int fd, char *room, size_t size);

/** GET a path with a proper Host field; the whole answer, head and body. Returns the status. */
unsigned http_get(uint16_t port, const char *path, char *room, size_t size);

/** One request: its first line without "HTTP/1.1", and more lines, each with its end. Returns the status. */
unsigned http_ask(uint16_t port, const char *request, const char *lines, char *room, size_t size);

/** Where the body of an answer begins. */
const char *http_body(const char *answer);
