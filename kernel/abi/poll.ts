/*
 * poll(2) and select(2): what can be waited for.
 *
 * @source the Linux i386 ABI (asm-generic/poll.h).
 */

export const POLLIN = 0x0001;
export const POLLPRI = 0x0002;
export const POLLOUT = 0x0004;
export const POLLERR = 0x0008;
export const POLLHUP = 0x0010;
export const POLLNVAL = 0x0020;
export const POLLRDNORM = 0x0040;
export const POLLRDBAND = 0x0080;
export const POLLWRNORM = 0x0100;
export const POLLWRBAND = 0x0200;
export const POLLRDHUP = 0x2000;

export class PollFd {
  fd: i32;
  events: u16;
  revents: u16;
}

/** Descriptors that an fd_set of the C library holds (select itself takes any number). */
export const FD_SETSIZE = 1024;
