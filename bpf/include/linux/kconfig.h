/* bcc looks for this file to believe that a kernel tree is there. */
#define CONFIG_BPF_SYSCALL 1
