/*
 * Several processors: INIT and STARTUP, messages by every shorthand and destination mode, NMI, lowest priority, I/O APIC
 * interrupts to another processor, INIT of a running processor, locked instructions. Prints facts that do not depend on
 * how fast the processors are.
 */
#include "kernel.h"

#define ID 0x20
#define EOI 0xb0
#define LDR 0xd0
#define DFR 0xe0
#define SVR 0xf0
#define TPR 0x80
#define ICR_LOW 0x300
#define ICR_HIGH 0x310
#define LVT_TIMER 0x320
#define TIMER_INITIAL 0x380
#define TIMER_DIVIDE 0x3e0
#define MAX 8

extern u8 trampoline[], trampoline_end[], gdt_pointer[];
extern volatile u32 processors;

/* Counts by processor and vector. */
static volatile u32 seen[MAX][256];
static volatile u32 started[MAX], work[MAX], stop_working;
static volatile u32 shared, lock;
static u32 others;

static u32 self(void) { return lapic_read(ID) >> 24; }

void handler(struct frame *frame) {
  if (frame->vector < 32 && frame->vector != 2) leave(0x80 | frame->vector);
  seen[self()][frame->vector]++;
  if (frame->vector != 2) lapic_write(EOI, 0);
}

/* Three times as long as asked for: under QEMU on a busy computer, processors come late. */
static void wait(u32 milliseconds) {
  for (milliseconds *= 3; milliseconds > 0; milliseconds--) {
    outb(0x61, 0);
    outb(0x43, 0xb0);
    outb(0x42, 1193 & 0xff);
    outb(0x42, 1193 >> 8);
    outb(0x61, 1);
    while ((inb(0x61) & 0x20) == 0) {
    }
  }
}

static void add_shared(u32 times) {
  for (u32 i = 0; i < times; i++) {
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE) != 0) __asm__ volatile("pause");
    shared = shared + 1;
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
  }
}

void processor_main(u32 number) {
  (void)number;
  u32 id = self();
  lapic_write(SVR, 0x1ff);
  lapic_write(LDR, 1u << (24 + id));
  lapic_write(TPR, 0);
  started[id]++;
  sti();
  for (;;) {
    while (work[id] == 0) sti_hlt();
    sti();
    add_shared(work[id]);
    work[id] = 0;
  }
}

static void send(u32 destination, u32 command) {
  lapic_write(ICR_HIGH, destination << 24);
  lapic_write(ICR_LOW, command);
  while (lapic_read(ICR_LOW) & 0x1000) {
  }
}

/* Waits until a counter has come to `number`, or for seconds: a processor may be away for long, but not for good. */
static void wait_for(volatile u32 *counter, u32 number) {
  for (u32 i = 0; i < 2000 && *counter < number; i++) wait(1);
}

static void start_others(void) {
  u8 *low = (u8 *)0x8000;
  for (u32 i = 0; i < (u32)(trampoline_end - trampoline); i++) low[i] = trampoline[i];
  for (u32 i = 0; i < 6; i++) low[0x100 + i] = gdt_pointer[i];
  send(0, 0xc4500);
  wait(10);
  send(0, 0xc4608);
  wait(1);
  send(0, 0xc4608); /* the second STARTUP finds nobody waiting */
  wait_for(&processors, 3);
  for (u32 i = 1; i <= processors; i++) wait_for(&started[i], 1);
  wait(20);
}

static u32 arrived(u32 vector) {
  u32 sum = 0;
  for (u32 i = 0; i <= others; i++) sum += seen[i][vector];
  return sum;
}

/* Until `number` interrupts have come, and a while longer: one more would be one too many. */
static void wait_for_interrupts(u32 vector, u32 number) {
  for (u32 i = 0; i < 2000 && arrived(vector) < number; i++) wait(1);
  wait(2);
}

static void show(const char *name, u32 vector, u32 number) {
  wait_for_interrupts(vector, number);
  puts(name);
  for (u32 i = 0; i <= others; i++) {
    putch(' ');
    putdec(seen[i][vector]);
    seen[i][vector] = 0;
  }
  putch('\n');
}

static void messages(void) {
  sti();
  send(1, 0x40);
  show("physical", 0x40, 1);
  send(0xff, 0x41);
  show("physical broadcast", 0x41, others + 1);
  send(0, 0x40000 | 0x42);
  show("self", 0x42, 1);
  send(0, 0x80000 | 0x43);
  show("all with self", 0x43, others + 1);
  send(0, 0xc0000 | 0x44);
  show("all but self", 0x44, others);
  send(0x0a, 0x800 | 0x45);
  show("logical flat", 0x45, 2);
  send(0xff, 0x800 | 0x46);
  show("logical broadcast", 0x46, others + 1);
  send(2, 0x400);
  show("nmi", 2, 1);
  send(0, 0xc0400);
  show("nmi to all but self", 2, others);
  send(9, 0x47);
  show("nobody", 0x47, 0);
  send(0x0e, 0x800 | 0x100 | 0x48);
  wait_for_interrupts(0x48, 1);
  report("lowest priority, to one", arrived(0x48));
  report("lowest priority, not to the sender", seen[0][0x48] == 0);
}

static void line_to_another(void) {
  ioapic_write(0x11 + 2 * 2, 3u << 24);
  ioapic_write(0x10 + 2 * 2, 0x50);
  outb(0x43, 0x30);
  outb(0x40, 100);
  outb(0x40, 0);
  show("timer line", 0x50, 1);
  ioapic_write(0x10 + 2 * 2, 0x10000);
}

static void init_one(void) {
  started[1] = 0;
  send(1, 0x4500);
  wait(10);
  send(1, 0x51); /* lost: the processor waits */
  wait(2);
  report("while waiting", seen[1][0x51]);
  report("not started", started[1]);
  send(1, 0x4608);
  wait_for(&started[1], 1);
  wait(10);
  report("started again", started[1]);
  send(1, 0x52);
  show("answers", 0x52, 1);
}

static void locks(void) {
  shared = 0;
  for (u32 i = 1; i <= others; i++) work[i] = 20000;
  send(0, 0xc0000 | 0x53); /* wakes them */
  add_shared(20000);
  for (u32 i = 1; i <= others; i++) {
    while (work[i] != 0) __asm__ volatile("pause");
  }
  report("shared", shared / 20000 - others);
}

int main(void) {
  u32 a, b, c, d;
  pic_init();
  cpuid(1, &a, &b, &c, &d);
  report("processors in cpuid", (b >> 16) & 0xff);
  report("htt", (d >> 28) & 1);
  __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(4), "c"(0));
  report("cores", (a >> 26) + 1);
  lapic_write(SVR, 0x1ff);
  lapic_write(LDR, 1u << 24);
  start_others();
  others = processors;
  report("others", others);
  for (u32 i = 1; i <= others; i++) report("started", started[i]);
  messages();
  line_to_another();
  init_one();
  locks();
  puts("done\n");
  return 0;
}
