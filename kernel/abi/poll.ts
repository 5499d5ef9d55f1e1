/*
 * poll(2), select(2) and epoll(7): what can be waited for.
 *
 * @source the Linux i386 ABI (asm-generic/poll.h, linux/eventpoll.h).
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

// Epoll. Events have the numbers of poll; these are more, about how to tell of them.
export const EPOLLEXCLUSIVE = 0x10000000;
export const EPOLLWAKEUP = 0x20000000;
export const EPOLLONESHOT = 0x40000000;
export const EPOLLET = 0x80000000;

export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;

/** On i386 it is three words. */
export class EpollEvent {
  events: u32;
  /** Whatever the program wants to be told with them. */
  dataLow: u32;
  dataHigh: u32;
}
