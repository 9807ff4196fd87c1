/* In the place of libbpf's function of this name while the image is built: bcc makes the maps of what it compiles, which takes rights
   that no build has. Only that their descriptors differ matters then. */
#include <fcntl.h>

int bpf_map_create(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}
