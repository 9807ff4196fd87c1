/* Following stacks by frame pointers, for a processor whose code keeps them as its ABI asks for: x29 points to a record
 * of the caller's x29 and the return address (Procedure Call Standard for the Arm 64-bit Architecture, "The Frame
 * Pointer"). */
#pragma once
#include "native_walk.h"

/* Code that signs return addresses (pointer authentication) has the signature in the bits that no address uses. */
static inline u64 without_signature(u64 address, struct settings *settings)
{
    return address & settings->address_mask;
}

/* From one frame to its caller. Behind the leaf comes what is in the link register, always: whether that is the leaf's
 * return address user space tells, which knows where the leaf's function has saved it. */
static inline u32 step(struct walk *walk, struct settings *settings)
{
    u64 record[2];
    walk->is_return_address = 1;
    if (!walk->depth) {
        walk->pc = without_signature(walk->registers[DWARF_LINK], settings);
        return GO_ON;
    }
    /* Records lie above each other. The outermost is followed by 0, but so is what code that keeps no frame pointers
     * may have in x29: user space knows the functions at which threads begin. */
    if ((walk->bp & 7) || walk->bp < walk->sp || !read_stack(walk->bp, record, sizeof(record)))
        return END_NO_FRAME_POINTER;
    walk->sp = walk->bp + sizeof(record);
    walk->bp = record[0];
    walk->pc = without_signature(record[1], settings);
    return walk->pc ? GO_ON : END_NO_FRAME_POINTER;
}
