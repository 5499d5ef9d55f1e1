/* ENTER with nesting levels: what it stores, and where it faults when a page that it needs may not be read or written. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { PAGE = 4096, WORDS = PAGE / 4 };

static sigjmp_buf back;
static volatile uint32_t fault, stack, frame;
uint32_t saved_stack, saved_frame, new_stack, new_frame;

static void note(int signal, siginfo_t *info, void *context) {
  const ucontext_t *user = context;
  fault = (uint32_t)info->si_addr;
  stack = (uint32_t)user->uc_mcontext.gregs[REG_ESP];
  frame = (uint32_t)user->uc_mcontext.gregs[REG_EBP];
  siglongjmp(back, signal);
}

/* The stack pointer comes in EAX, the frame pointer in EDX. */
#define ENTER(level)                                            \
  void enter_##level(uint32_t, uint32_t);                       \
  __asm__(".text\nenter_" #level ":\n"                          \
          "mov 4(%esp), %eax\n"                                 \
          "mov 8(%esp), %edx\n"                                 \
          "mov %esp, saved_stack\n"                             \
          "mov %ebp, saved_frame\n"                             \
          "mov %eax, %esp\n"                                    \
          "mov %edx, %ebp\n"                                    \
          "enter $0x20, $" #level "\n"                          \
          "mov %esp, new_stack\n"                               \
          "mov %ebp, new_frame\n"                               \
          "mov saved_stack, %esp\n"                             \
          "mov saved_frame, %ebp\n"                             \
          "ret\n");
ENTER(0)
ENTER(1)
ENTER(2)
ENTER(31)
ENTER(37) /* 5 */

static const struct {
  const char *name;
  void (*enter)(uint32_t, uint32_t);
} levels[] = {{"0", enter_0}, {"1", enter_1}, {"2", enter_2}, {"31", enter_31}, {"37", enter_37}};

/* Page 0 can be written, page 1 read, page 2 is not there, page 3 can be written. */
static const uint32_t places[] = {0x800,  0x1000, 0x1004, 0x1010, 0x1800, 0x2000, 0x2002, 0x2020,
                                  0x3000, 0x3001, 0x3004, 0x3010, 0x307c, 0x30a4, 0x3800, 0x4000};
enum { PLACES = sizeof places / sizeof *places };

int main(void) {
  static char handler_stack[65536];
  uint32_t *memory = mmap((void *)0x50000000, 4 * PAGE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  for (int i = 0; i < 2 * WORDS; i++) memory[i] = (uint32_t)i * 0x01010101;
  mprotect(memory + WORDS, PAGE, PROT_READ);
  munmap(memory + 2 * WORDS, PAGE);
  sigaltstack(&(stack_t){.ss_sp = handler_stack, .ss_size = sizeof handler_stack}, NULL);
  sigaction(SIGSEGV, &(struct sigaction){.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_ONSTACK}, NULL);
  for (size_t l = 0; l < sizeof levels / sizeof *levels; l++) {
    for (int s = 0; s < PLACES; s++) {
      for (int f = 0; f < PLACES; f++) {
        const uint32_t sp = 0x50000000 + places[s], bp = 0x50000000 + places[f];
        for (int i = 0; i < WORDS; i++) memory[i] = memory[3 * WORDS + i] = (uint32_t)i * 3;
        printf("%s, stack %x, frame %x: ", levels[l].name, places[s], places[f]);
        if (sigsetjmp(back, 1)) {
          printf("fault in %x, registers %s\n", fault / PAGE, stack == sp && frame == bp ? "as before" : "moved");
          continue;
        }
        levels[l].enter(sp, bp);
        uint32_t sum = 0;
        for (int i = 0; i < WORDS; i++) sum = sum * 31 + (memory[i] ^ memory[3 * WORDS + i] * 7);
        printf("stack %x, frame %x, sum %x\n", new_stack, new_frame, sum);
      }
    }
  }
  return 0;
}
