/* Every map of the programs. Sizes are for one test tick; the loader gives real ones when it makes the maps. */
#pragma once
#include "types.h"

/* As bcc has it, with the members that are used here, and key and value last: of the first two members bcc makes functions
 * that print and scan them, unrolled over all their arrays, and translates those for the host. */
#undef BPF_F_TABLE
#define BPF_F_TABLE(kind, key_type, value_type, map, entries, map_flags) \
    struct map##_table_t { \
        u32 max_entries; \
        int flags; \
        key_type key; \
        value_type leaf; \
        value_type *(*lookup)(key_type *); \
        value_type *(*lookup_or_try_init)(key_type *, value_type *); \
        int (*update)(key_type *, value_type *); \
        int (*delete)(key_type *); \
        void (*call)(void *, int index); \
    }; \
    __attribute__((section("maps/" kind))) struct map##_table_t map = { .max_entries = (entries), .flags = (map_flags) }

BPF_ARRAY(settings, struct settings, 1);                             /* offsets and knobs, from the loader */
BPF_PERCPU_ARRAY(scratch, struct scratch, 1);                        /* the sample being built on this CPU */
BPF_PERCPU_ARRAY(busy, u32, 1);                                      /* 1 while a program runs on this CPU */
BPF_PERCPU_ARRAY(counters, u64, 16);                                 /* enum counter, once for each epoch (second from 8) */
BPF_HASH(counts, struct count_key, u64, 1024);                       /* samples of equal stacks */
BPF_TABLE("lru_hash", u64, u8, sent, 1024);                          /* stacks that the collector has been told of */
BPF_TABLE("lru_hash", u64, u64, spaces, 1024);                       /* address spaces that the collector has been woken for, and when it was last asked to look again */
BPF_HASH(target_pids, u32, u8, 1024);                                /* FILTER_PIDS: pids as icetop sees them */
BPF_HASH(target_cgroups, u64, u8, 1024);                             /* FILTER_CGROUPS: ids of cgroup folders */
struct comm { char name[COMM_LENGTH]; };
BPF_HASH(target_comms, struct comm, u8, 64);                         /* FILTER_COMMS: names of threads or processes */
BPF_RINGBUF_OUTPUT(stacks, 64);                                      /* new stacks, to the collector */
BPF_RINGBUF_OUTPUT(snapshots, 64);                                   /* samples for user space to finish */
BPF_ARRAY(snapshot_room, struct snapshot, 1);                        /* the one being made, for each CPU (by its number) */
BPF_TABLE("lru_hash", u64, struct page, unwind_pages, 1024);         /* rows by binary and page of its file */
BPF_TABLE("lru_hash", struct mappings_key, struct mappings, mappings, 64); /* what is mapped where, by address space */
BPF_TABLE("lru_hash", u64, struct python_process, python_processes, 64); /* interpreters by the program's image */
BPF_TABLE("lru_hash", u64, struct python_process, python_expected, 64); /* those of programs not seen yet, by file or pid; addresses from where the program's code begins, or its library */
BPF_ARRAY(unread, u64, 1);                                           /* bytes sent since the collector last read */
BPF_PROG_ARRAY(chain, 8);                                            /* enum program: what runs after what */
