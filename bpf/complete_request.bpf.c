/* A block request is done. Raw tracepoint block_rq_complete. */
#include "maps.h"
#include "task.h"

BPF_PERCPU_ARRAY(requests, struct requests, 1);                       /* block requests that are done */

struct request_arguments {
    u64 values[3];  /* the request, its error, how many bytes are done */
};

int complete_request(struct request_arguments *arguments)
{
    u32 zero = 0;
    struct settings *settings_here = settings.lookup(&zero);
    struct requests *done = requests.lookup(&zero);
    if (!settings_here || !done || !settings_here->request_start)
        return 0;
    u64 start = read_pointer((void *)arguments->values[0], settings_here->request_start);
    u64 now = bpf_ktime_get_ns();
    if (start && start < now) {
        done->number++;
        done->nanoseconds += now - start;
    }
    return 0;
}
