/*
 * date [+FORMAT]: the date and time (UTC), as FORMAT says: %Y %m %d %H %M %S %s %N %F %T %a %b %j %u %Z %%.
 * date -s @SECONDS: sets the clock.
 */

import { CLOCK_REALTIME, type Timespec } from '../abi/time.ts';
import { SYS_clock_settime } from '../abi/syscallNumbers.ts';
import { AT_SIGN, PERCENT, PLUS } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { calendarDate, type CalendarDate } from './lib/date.ts';
import { complain } from './lib/errors.ts';
import { print, printError, putByte, stdout } from './lib/output.ts';
import { parseNumber, stringsEqual, type StringList } from './lib/strings.ts';
import { clockGettime } from './lib/time.ts';

const days = table<string, 7>('Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat');
const months = table<string, 12>('Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec');

const now = zeroed<Inline<Timespec>>();
const date = zeroed<Inline<CalendarDate>>();

/**
 * The program's entry.
 * @naked
 * @export
 */
export function start(): void {
  asm`xor ebp, ebp
      mov eax, esp
      lea edx, [${main}]
      call ${run}`;
}

function main(argc: u32, argv: StringList): i32 {
  if (argc === 3 && stringsEqual(argv[1]!, bytes('-s')) && argv[2]![0] === AT_SIGN) return set(argv[2]!);
  const hasFormat = argc === 2 && argv[1]![0] === PLUS;
  if (argc > 1 && !hasFormat) {
    printError('usage: date [+FORMAT], or date -s @SECONDS\n');
    return 1;
  }
  clockGettime(CLOCK_REALTIME, now);
  calendarDate(u32(now.tv_sec), date);
  show(hasFormat ? argv[1]!.add(1) : bytes('%a %b %e %T %Z %Y'));
  print('\n');
  return 0;
}

function set(text: Ptr<u8>): i32 {
  const seconds = zeroed<FixedArray<i32, 1>>();
  if (!parseNumber(text.add(1), seconds)) {
    printError('date: %s: no number of seconds\n', text);
    return 1;
  }
  now.tv_sec = seconds[0];
  now.tv_nsec = 0;
  const error = int80(SYS_clock_settime, CLOCK_REALTIME, u32(now), 0, 0, 0, 0);
  return error < 0 ? complain('date', text, error) : 0;
}

function show(format: Ptr<u8>): void {
  for (let i: u32 = 0; format[i] !== 0; i++) {
    if (format[i] !== PERCENT || format[i + 1] === 0) putByte(stdout, format[i]);
    else {
      i++;
      convert(format[i]);
    }
  }
}

function convert(letter: u8): void {
  const day = u32(now.tv_sec) / 86400;
  switch (letter) {
    case 0x59: // Y
      print('%u', date.year);
      break;
    case 0x6d: // m
      print('%02u', date.month);
      break;
    case 0x64: // d
      print('%02u', date.day);
      break;
    case 0x65: // e
      print('%2u', date.day);
      break;
    case 0x48: // H
      print('%02u', date.hour);
      break;
    case 0x4d: // M
      print('%02u', date.minute);
      break;
    case 0x53: // S
      print('%02u', date.second);
      break;
    case 0x73: // s
      print('%u', now.tv_sec);
      break;
    case 0x4e: // N
      print('%09u', now.tv_nsec);
      break;
    case 0x46: // F
      show(bytes('%Y-%m-%d'));
      break;
    case 0x54: // T
      show(bytes('%H:%M:%S'));
      break;
    case 0x61: // a
      print('%s', days[(day + 4) % 7]);
      break;
    case 0x75: // u
      print('%u', ((day + 3) % 7) + 1);
      break;
    case 0x62: // b
      print('%s', months[date.month - 1]);
      break;
    case 0x6a: // j
      print('%03u', dayOfYear());
      break;
    case 0x5a: // Z
      print('UTC');
      break;
    case PERCENT:
      putByte(stdout, PERCENT);
      break;
    default:
      print('%%%c', letter);
  }
}

function dayOfYear(): u32 {
  const isLeap = date.year % 4 === 0 && (date.year % 100 !== 0 || date.year % 400 === 0);
  const march = date.month > 2 ? (isLeap ? 60 : 59) + (153 * (date.month - 3) + 2) / 5 : 31 * (date.month - 1);
  return march + date.day;
}
