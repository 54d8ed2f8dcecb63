#pragma once
/*
 * Bounded cursors over bytes: struct reader and struct writer.
 *
 * Both fail stickily: after the first overrun every later read gives 0 and every later write does nothing, so a caller
 * checks once, at its end. Numbers are in network byte order.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * For a large local array that is written before it is read, in a place that is often passed: hardened builds clear
 * every other local variable first.
 */
#if __has_attribute(uninitialized)
#define SCRATCH __attribute__((uninitialized))
#else
#define SCRATCH
#endif

struct reader {
        const uint8_t *at;
        const uint8_t *end;
        bool failed;
};

struct writer {
        uint8_t *start;
        uint8_t *at;
        uint8_t *end;
        bool failed;
};

static inline struct reader reader_over(const void *bytes, size_t len)
{
        const uint8_t *p = bytes;
        return (struct reader){ .at = p, .end = p + len };
}

static inline size_t reader_left(const struct reader *r)
{
        return r->failed ? 0 : (size_t)(r->end - r->at);
}

/** The next len bytes, or NULL (and failed) when fewer are left. */
static inline const uint8_t *read_bytes(struct reader *r, size_t len)
{
        if (reader_left(r) < len || r->failed) {
                r->failed = true;
                return NULL;
        }
        const uint8_t *p = r->at;
        r->at += len;
        return p;
}

static inline uint8_t read_u8(struct reader *r)
{
        const uint8_t *p = read_bytes(r, 1);
        return p ? p[0] : 0;
}

static inline uint16_t load_u16(const uint8_t *p)
{
        return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t load_u32(const uint8_t *p)
{
        return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t load_u64(const uint8_t *p)
{
        return (uint64_t)load_u32(p) << 32 | load_u32(p + 4);
}

static inline void store_u16(uint8_t *p, uint16_t v)
{
        p[0] = (uint8_t)(v >> 8);
        p[1] = (uint8_t)v;
}

static inline void store_u32(uint8_t *p, uint32_t v)
{
        store_u16(p, (uint16_t)(v >> 16));
        store_u16(p + 2, (uint16_t)v);
}

static inline void store_u64(uint8_t *p, uint64_t v)
{
        store_u32(p, (uint32_t)(v >> 32));
        store_u32(p + 4, (uint32_t)v);
}

static inline uint16_t read_u16(struct reader *r)
{
        const uint8_t *p = read_bytes(r, 2);
        return p ? load_u16(p) : 0;
}

static inline uint32_t read_u32(struct reader *r)
{
        const uint8_t *p = read_bytes(r, 4);
        return p ? load_u32(p) : 0;
}

static inline uint64_t read_u64(struct reader *r)
{
        const uint8_t *p = read_bytes(r, 8);
        return p ? load_u64(p) : 0;
}

static inline struct writer writer_over(void *bytes, size_t size)
{
        uint8_t *p = bytes;
        return (struct writer){ .start = p, .at = p, .end = p + size };
}

static inline size_t writer_len(const struct writer *w)
{
        return (size_t)(w->at - w->start);
}

static inline size_t writer_left(const struct writer *w)
{
        return w->failed ? 0 : (size_t)(w->end - w->at);
}

/** Room for len bytes, to be filled by the caller, or NULL (and failed). */
static inline uint8_t *write_room(struct writer *w, size_t len)
{
        if (w->failed || (size_t)(w->end - w->at) < len) {
                w->failed = true;
                return NULL;
        }
        uint8_t *p = w->at;
        w->at += len;
        return p;
}

static inline void write_bytes(struct writer *w, const void *bytes, size_t len)
{
        uint8_t *p = write_room(w, len);
        if (p && len)
                memcpy(p, bytes, len);
}

static inline void write_u8(struct writer *w, uint8_t v)
{
        uint8_t *p = write_room(w, 1);
        if (p)
                *p = v;
}

static inline void write_u16(struct writer *w, uint16_t v)
{
        uint8_t *p = write_room(w, 2);
        if (p)
                store_u16(p, v);
}

static inline void write_u32(struct writer *w, uint32_t v)
{
        uint8_t *p = write_room(w, 4);
        if (p)
                store_u32(p, v);
}

static inline void write_u64(struct writer *w, uint64_t v)
{
        uint8_t *p = write_room(w, 8);
        if (p)
                store_u64(p, v);
}

/** Append a C string without its NUL. */
static inline void write_text(struct writer *w, const char *text)
{
        write_bytes(w, text, strlen(text));
}
