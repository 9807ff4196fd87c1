/* Unwinding by tables: rows of a page of code say where a function's caller left its frame. User space makes the pages
 * from the binaries' CFI when they are first needed; see icetop's unwinding/rows.py, which has the same numbers. */
#pragma once
#include "native_walk.h"

#define RBP_UNCHANGED 0x7fff
#define RBP_AT_RBP 0x7ffe

/* In `aux` of a frame pointer's row. */
#define FRAME_POINTER_GO 1   /* the frame may lie on another stack than the one the code runs on; 0 is the end */
#define FRAME_POINTER_JIT 2  /* code made while the program runs, which may not keep them */
/* In `aux` of an RSP row. */
#define INJECTED 1           /* the caller did not call: it was interrupted, and made to look as if it had */

/* 1, or 0 where a number is below another; both below 2^63. Without a branch, which would double the paths that the
 * verifier follows. */
static inline u32 reaches(u64 number, u64 other)
{
    u64 below = (number - other) >> 63;
    asm volatile("" : "+r"(below));
    return below ^ 1;
}

/* The mapping of an address among those of its address space: into `walk`. Sorted, so that six halvings find it. */
static inline bool find_mapping(struct walk *walk, u64 address)
{
    struct mappings_key key = {.space = walk->space, .chunk = 0};
#pragma clang loop unroll(disable)
    for (u32 chunk = 0; chunk < MAPPING_CHUNKS; chunk++) {
        key.chunk = chunk;
        struct mappings *found = mappings.lookup(&key);
        if (!found)
            return false;
        if (address >= found->next_chunk)
            continue;
        u32 low = 0;
#pragma unroll
        for (u32 half = MAPPINGS / 2; half; half /= 2)
            low += half * reaches(address, found->entries[(low + half) & (MAPPINGS - 1)].start);
        struct mapping *entry = &found->entries[low & (MAPPINGS - 1)];
        if (address < entry->start || address >= entry->end)
            return false;
        walk->mapping = *entry;
        return true;
    }
    return false;
}

/* The row in force at an offset within a page's part: the last that starts at or before it. */
static inline struct row row_at(struct page *page, u32 within)
{
    u32 low = 0;
#pragma unroll
    for (u32 half = PAGE_ROWS / 2; half; half /= 2)
        low += half * reaches(within, page->starts[(low + half) & (PAGE_ROWS - 1)]);
    return page->rows[low & (PAGE_ROWS - 1)];
}

/* The row for an address: into `walk`. False when user space has yet to make the page. */
static inline bool find_row(struct walk *walk, u64 address)
{
    if (walk->mapping.kind != MAPPING_FILE) {
        walk->row = (struct row){.kind = ROW_NONE};
        if (walk->mapping.kind == MAPPING_ANONYMOUS)
            walk->row = (struct row){.kind = ROW_FRAME_POINTER, .aux = FRAME_POINTER_JIT};
        return true;
    }
    u64 offset = address - walk->mapping.start + walk->mapping.offset;
    u64 key = ((u64)walk->mapping.binary << BINARY_SHIFT) | (offset >> PAGE_SHIFT);
    struct page *page = unwind_pages.lookup(&key);
    if (!page)
        return false;
    u32 within = offset & ((1 << PAGE_SHIFT) - 1);
    if (page->rows[0].kind == ROW_SPLIT) {
        u32 half = within >> (PAGE_SHIFT - 1);
        key |= (u64)(1 + half) << HALF_SHIFT;
        page = unwind_pages.lookup(&key);
        if (!page)
            return false;
        within &= (1 << (PAGE_SHIFT - 1)) - 1;
    }
    walk->row = row_at(page, within);
    return true;
}

static inline u32 step_signal(struct walk *walk, struct row *row)
{
    u64 at = walk->sp + row->cfa;
    if (!read_stack(at - 40, &walk->bp, 8) || !read_stack(at + 8, &walk->pc, 8) || !read_stack(at, &walk->sp, 8))
        return END_UNREADABLE;
    walk->is_return_address = 0;
    walk->interrupted = 1;
    return GO_ON;
}

static inline u32 step_frame_pointer(struct walk *walk, struct row *row)
{
    u64 saved[2];
    bool go = row->aux & FRAME_POINTER_GO, jit = row->aux & FRAME_POINTER_JIT;
    if (go && !walk->bp)
        return END_COMPLETE;
    if ((walk->bp & 7) || (walk->bp < walk->sp && !go))
        return jit ? END_JIT_NO_FRAME_POINTER : END_NO_FRAME_POINTER;
    if (!read_stack(walk->bp, saved, sizeof(saved)))
        return jit ? END_JIT_NO_FRAME_POINTER : END_UNREADABLE;
    walk->sp = walk->bp + 16;
    walk->bp = saved[0];
    walk->pc = saved[1];
    walk->is_return_address = 1;
    return GO_ON;
}

/* The frame's address (CFA) by its row; 0 where it cannot be had. */
static inline u64 frame_address(struct walk *walk, struct row *row)
{
    u64 at = row->kind == ROW_RBP || row->kind == ROW_RBP_DEREF ? walk->bp : walk->sp;
    if (row->kind == ROW_REGISTER)
        at = walk->depth == 0 ? walk->registers[row->aux & 31] : 0;
    if (row->kind == ROW_REGISTER && !at)
        return 0;
    if (row->kind == ROW_PLT)
        return at + 8 + ((u64)((walk->pc & 15) >= row->aux) << 3);
    at += (s64)row->cfa;
    if (row->kind == ROW_RBP_DEREF || row->kind == ROW_RSP_DEREF) {
        u64 value = 0;
        if (!read_stack(at, &value, 8))
            return 0;
        at = value + (row->kind == ROW_RSP_DEREF ? (s64)(s8)row->aux * 8 : 0);
    }
    return at;
}

static inline u32 step_row(struct walk *walk, struct row *row)
{
    u64 saved[2] = {};
    walk->cfa = frame_address(walk, row);
    paths_meet();
    u64 cfa = walk->cfa;
    /* A stack grows downwards: a caller's frame lies above. Anything else is a wrong row, not a stack. */
    if (!cfa || cfa <= walk->sp)
        return END_BAD_ROW;
    if (!read_stack(cfa - 16, saved, sizeof(saved)))
        return END_UNREADABLE;
    u64 bp = saved[0];
    if (row->rbp == RBP_AT_RBP) {
        /* Outside of its frame rbp is the caller's again: compilers leave the rule as it was after they restored it. */
        bp = walk->bp;
        if (walk->bp >= walk->sp && walk->bp < cfa && !read_stack(walk->bp, &bp, 8))
            return END_UNREADABLE;
    } else if (row->rbp == RBP_UNCHANGED) {
        bp = walk->bp;
    } else if (row->rbp != -2) {
        u64 at = cfa + (s64)row->rbp * 8;
        /* Below the stack pointer the slot is gone: an epilogue has restored the register already. */
        if (at < walk->sp)
            bp = walk->bp;
        else if (!read_stack(at, &bp, 8))
            return END_UNREADABLE;
    } else if (cfa - 16 < walk->sp) {
        bp = walk->bp;
    }
    walk->sp = cfa;
    walk->bp = bp;
    walk->pc = saved[1];
    walk->interrupted = row->kind == ROW_RSP && row->aux & INJECTED;
    walk->is_return_address = !walk->interrupted;
    return GO_ON;
}

/* From one frame to its caller. */
static inline u32 step(struct walk *walk, struct settings *settings)
{
    /* A return address may be the first instruction of the next function; the call before it is in the right one. */
    u64 address = walk->pc - walk->is_return_address;
    struct row *row = &walk->row;
    if (address < walk->mapping.start || address >= walk->mapping.end)
        if (!find_mapping(walk, address))
            return END_UNMAPPED;
    paths_meet();
    if (!find_row(walk, address))
        return END_MISSING_PAGE;
    paths_meet();
    if (row->kind == ROW_END)
        return END_COMPLETE;
    if (row->kind == ROW_NONE)
        return END_NO_UNWIND_INFO;
    if (row->kind == ROW_SIGNAL)
        return step_signal(walk, row);
    if (row->kind == ROW_FRAME_POINTER)
        return step_frame_pointer(walk, row);
    /* vfork and its like: rare enough to leave it to user space. */
    if (row->kind == ROW_RETURN)
        return END_MISSING_PAGE;
    if (row->kind >= ROW_BAD)
        return END_BAD_ROW;
    return step_row(walk, row);
}
