/*
 * Terminals as Linux i386 programs see them: the kernel's termios record (not the C library's, which is longer), its
 * flags, and the control characters.
 *
 * @source the Linux i386 ABI (asm-generic/termbits.h, asm-generic/termios.h).
 */

/** Control characters in c_cc. */
export const NCCS = 19;

/** Of TCGETS and TCSETS. */
export class Termios {
  c_iflag: u32;
  c_oflag: u32;
  c_cflag: u32;
  c_lflag: u32;
  c_line: u8;
  c_cc: FixedArray<u8, 19>;
}

/** Of TCGETS2 and TCSETS2: the same and the speeds in baud. */
export class Termios2 {
  c_iflag: u32;
  c_oflag: u32;
  c_cflag: u32;
  c_lflag: u32;
  c_line: u8;
  c_cc: FixedArray<u8, 19>;
  c_ispeed: u32;
  c_ospeed: u32;
}

export class Winsize {
  ws_row: u16;
  ws_col: u16;
  ws_xpixel: u16;
  ws_ypixel: u16;
}

// Indices into c_cc.
export const VINTR = 0;
export const VQUIT = 1;
export const VERASE = 2;
export const VKILL = 3;
export const VEOF = 4;
export const VTIME = 5;
export const VMIN = 6;
export const VSWTC = 7;
export const VSTART = 8;
export const VSTOP = 9;
export const VSUSP = 10;
export const VEOL = 11;
export const VREPRINT = 12;
export const VDISCARD = 13;
export const VWERASE = 14;
export const VLNEXT = 15;
export const VEOL2 = 16;

/** A control character of this value is switched off. */
export const DISABLED_CHAR = 0;

// c_iflag
export const IGNBRK = 0o000001;
export const BRKINT = 0o000002;
export const IGNPAR = 0o000004;
export const PARMRK = 0o000010;
export const INPCK = 0o000020;
export const ISTRIP = 0o000040;
export const INLCR = 0o000100;
export const IGNCR = 0o000200;
export const ICRNL = 0o000400;
export const IUCLC = 0o001000;
export const IXON = 0o002000;
export const IXANY = 0o004000;
export const IXOFF = 0o010000;
export const IMAXBEL = 0o020000;
export const IUTF8 = 0o040000;

// c_oflag
export const OPOST = 0o000001;
export const OLCUC = 0o000002;
export const ONLCR = 0o000004;
export const OCRNL = 0o000010;
export const ONOCR = 0o000020;
export const ONLRET = 0o000040;
export const OFILL = 0o000100;
export const OFDEL = 0o000200;
export const TABDLY = 0o014000;
/** Expand tabs to spaces. */
export const XTABS = 0o014000;

// c_cflag
export const CBAUD = 0o010017;
export const B0 = 0o000000;
export const B9600 = 0o000015;
export const B38400 = 0o000017;
export const B115200 = 0o010002;
export const CSIZE = 0o000060;
export const CS5 = 0o000000;
export const CS6 = 0o000020;
export const CS7 = 0o000040;
export const CS8 = 0o000060;
export const CSTOPB = 0o000100;
export const CREAD = 0o000200;
export const PARENB = 0o000400;
export const PARODD = 0o001000;
export const HUPCL = 0o002000;
export const CLOCAL = 0o004000;
export const CRTSCTS = 0o20000000000;

// c_lflag
export const ISIG = 0o000001;
export const ICANON = 0o000002;
export const ECHO = 0o000010;
export const ECHOE = 0o000020;
export const ECHOK = 0o000040;
export const ECHONL = 0o000100;
export const NOFLSH = 0o000200;
export const TOSTOP = 0o000400;
export const ECHOCTL = 0o001000;
export const ECHOPRT = 0o002000;
export const ECHOKE = 0o004000;
export const FLUSHO = 0o010000;
export const PENDIN = 0o040000;
export const IEXTEN = 0o100000;

/** The line discipline of terminals, as c_line and TIOCSETD name it. */
export const N_TTY = 0;

// tcflush
export const TCIFLUSH = 0;
export const TCOFLUSH = 1;
export const TCIOFLUSH = 2;

// tcflow
export const TCOOFF = 0;
export const TCOON = 1;
export const TCIOFF = 2;
export const TCION = 3;

// Modem lines, of TIOCMGET and its relatives.
export const TIOCM_DTR = 0x002;
export const TIOCM_RTS = 0x004;
export const TIOCM_CTS = 0x020;
export const TIOCM_CAR = 0x040;
export const TIOCM_RNG = 0x080;
export const TIOCM_DSR = 0x100;
