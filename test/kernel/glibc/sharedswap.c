/*
 * sharedswap PAGES: works with more shared memory than there may be RAM: in a file of /dev/shm, in an anonymous mapping and
 * in a segment of System V, a third of the pages each. Children write, their parent reads, and the other way round.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define KINDS 3

static unsigned *memory[KINDS];
static long pages;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static unsigned pattern(int kind, long page, int round)
{
	return (kind * 1000003u + page * 7919u + round * 104729u) | 1;
}

static void fill(int kind, int round)
{
	for (long page = 0; page < pages; page++) {
		unsigned *words = memory[kind] + page * (PAGE / 4);
		words[0] = words[511] = words[1023] = pattern(kind, page, round);
	}
}

static long wrong(int kind, int round)
{
	long count = 0;
	for (long page = 0; page < pages; page++) {
		unsigned *words = memory[kind] + page * (PAGE / 4);
		unsigned want = pattern(kind, page, round);
		count += words[0] != want || words[511] != want || words[1023] != want || words[1] != 0;
	}
	return count;
}

static long childrenLook(int round)
{
	long failed = 0;
	for (int kind = 0; kind < KINDS; kind++) {
		pid_t child = fork();
		if (child == 0)
			_exit(wrong(kind, round) != 0);
	}
	for (int kind = 0; kind < KINDS; kind++) {
		int status;
		if (wait(&status) < 0 || status != 0)
			failed++;
	}
	return failed;
}

static void childrenFill(int round)
{
	for (int kind = 0; kind < KINDS; kind++) {
		pid_t child = fork();
		if (child == 0) {
			fill(kind, round);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		continue;
}

int main(int argc, char **argv)
{
	pages = atol(argv[1]) / KINDS;
	size_t size = pages * PAGE;
	char name[64];
	sprintf(name, "/dev/shm/sharedswap-%d", getpid());
	int file = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (file < 0 || ftruncate(file, size) < 0)
		fail("file");
	unlink(name);
	int segment = shmget(IPC_PRIVATE, size, 0600);
	if (segment < 0)
		fail("shmget");
	memory[0] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	memory[1] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memory[2] = shmat(segment, NULL, 0);
	shmctl(segment, IPC_RMID, NULL);
	if (memory[0] == MAP_FAILED || memory[1] == MAP_FAILED || memory[2] == (void *)-1)
		fail("map");
	for (int kind = 0; kind < KINDS; kind++)
		fill(kind, 1);
	printf("children that see something else: %ld\n", childrenLook(1));
	childrenFill(2);
	for (int kind = 0; kind < KINDS; kind++)
		printf("wrong pages of kind %d: %ld\n", kind, wrong(kind, 2));
	fflush(stdout);

	unsigned word = 0, other = 12345;
	long misread = 0;
	for (long page = 0; page < pages; page++) {
		if (pread(file, &word, 4, page * PAGE) != 4 || word != pattern(0, page, 2))
			misread++;
		if (page % 3 == 0 && pwrite(file, &other, 4, page * PAGE + 8) != 4)
			fail("pwrite");
	}
	printf("misread: %ld\n", misread);
	for (long page = 0; page < pages; page++)
		misread += memory[0][page * (PAGE / 4) + 2] != (page % 3 == 0 ? other : 0);
	printf("misread after pwrite: %ld\n", misread);

	if (ftruncate(file, size / 2 + 100) < 0 || ftruncate(file, size) < 0)
		fail("ftruncate");
	long left = 0;
	for (long page = pages / 2 + 2; page < pages; page++)
		left += memory[0][page * (PAGE / 4)] != 0;
	printf("pages that are not cut off: %ld\n", left);
	return 0;
}
