/*
 * The keyboard controller (8042) with a keyboard on which nobody types, and port 92h.
 *
 * The console is a serial port; but kernels set the controller up, reset the keyboard, and reset the machine by it, and must
 * get the answers of a PC. There is no mouse: what is sent to it meets with a time-out.
 *
 *   port 60   data: from the keyboard or the controller, to the keyboard, or the operand of a command
 *        64   status / command
 *        92   "fast" A20 gate, always open, and reset
 *
 * Source: IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary Device Controller; Keyboards.
 */

import type { PortHandler } from '../ports.ts';
import type { Stateful, StateStream } from '../state.ts';

const DATA_PORT = 0x60;
const COMMAND_PORT = 0x64;
const SYSTEM_PORT = 0x92;

const STATUS_OUTPUT_FULL = 0x01;
const STATUS_SYSTEM = 0x04;
const STATUS_COMMAND = 0x08;
const STATUS_UNLOCKED = 0x10;
const STATUS_AUXILIARY = 0x20;
const STATUS_TIME_OUT = 0x40;

const MODE_KEYBOARD_INTERRUPT = 0x01;
const MODE_AUXILIARY_INTERRUPT = 0x02;
const MODE_SYSTEM = 0x04;
const MODE_KEYBOARD_OFF = 0x10;
const MODE_AUXILIARY_OFF = 0x20;
const MODE_TRANSLATE = 0x40;
/** As a BIOS leaves it. */
const POWER_ON_MODE = MODE_KEYBOARD_INTERRUPT | MODE_SYSTEM | MODE_AUXILIARY_OFF | MODE_TRANSLATE;

const OUTPUT_NO_RESET = 0x01;
const OUTPUT_A20 = 0x02;

const ACKNOWLEDGE = 0xfa;
const RESEND = 0xfe;
const SELF_TEST_PASSED = 0xaa;

/** A byte in the output buffer or on its way there, with the status bits that go with it. */
type Answer = number;
const FROM_AUXILIARY = STATUS_AUXILIARY << 8;
const TIMED_OUT = STATUS_TIME_OUT << 8;

export interface KeyboardWiring {
  /** Lines 1 and 12. */
  readonly setKeyboardIrq: (active: boolean) => void;
  readonly setAuxiliaryIrq: (active: boolean) => void;
  /** Software resets the processor. */
  readonly onReset: () => void;
}

export class KeyboardController implements PortHandler, Stateful {
  readonly #wiring: KeyboardWiring;
  readonly #memory = new Uint8Array(32);
  /** Bytes that the host can read, in order; the first one is in the output buffer. */
  #answers: Answer[] = [];
  #lastWasCommand = true;
  /** The controller's command that waits for a byte at the data port, or 0. */
  #command = 0;
  /** The keyboard's command that waits for an operand, or 0. */
  #keyboardCommand = 0;
  #scanCodeSet = 2;
  #lastSent = 0;

  constructor(wiring: KeyboardWiring) {
    this.#wiring = wiring;
    this.#memory[0] = POWER_ON_MODE;
  }

  transferState(state: StateStream): void {
    state.array(this.#memory);
    this.#answers = state.list(this.#answers);
    this.#lastWasCommand = state.flag(this.#lastWasCommand);
    this.#command = state.number(this.#command);
    this.#keyboardCommand = state.number(this.#keyboardCommand);
    this.#scanCodeSet = state.number(this.#scanCodeSet);
    this.#lastSent = state.number(this.#lastSent);
  }

  read(port: number): number {
    if (port === SYSTEM_PORT) return OUTPUT_A20;
    return port === DATA_PORT ? this.#readData() : this.#status();
  }

  write(port: number, value: number): void {
    if (port === SYSTEM_PORT) {
      if ((value & 1) !== 0) this.#wiring.onReset();
      return;
    }
    this.#lastWasCommand = port === COMMAND_PORT;
    if (port === COMMAND_PORT) this.#execute(value);
    else if (this.#command !== 0) this.#finishCommand(value);
    else this.#toKeyboard(value);
  }

  get #mode(): number {
    return this.#memory[0]!;
  }

  #status(): number {
    const front = this.#answers[0];
    const full = front === undefined ? 0 : STATUS_OUTPUT_FULL | (front >> 8);
    return (
      full | (this.#mode & MODE_SYSTEM && STATUS_SYSTEM) | (this.#lastWasCommand ? STATUS_COMMAND : 0) | STATUS_UNLOCKED
    );
  }

  #readData(): number {
    const front = this.#answers.shift();
    if (front === undefined) return this.#lastSent;
    this.#lastSent = front & 0xff;
    this.#wiring.setKeyboardIrq(false);
    this.#wiring.setAuxiliaryIrq(false);
    this.#update();
    return this.#lastSent;
  }

  #answer(...answers: readonly Answer[]): void {
    this.#answers.push(...answers);
    this.#update();
  }

  #update(): void {
    const front = this.#answers[0];
    const isAuxiliary = front !== undefined && (front & FROM_AUXILIARY) !== 0;
    const isKeyboard = front !== undefined && !isAuxiliary;
    this.#wiring.setKeyboardIrq(isKeyboard && (this.#mode & MODE_KEYBOARD_INTERRUPT) !== 0);
    this.#wiring.setAuxiliaryIrq(isAuxiliary && (this.#mode & MODE_AUXILIARY_INTERRUPT) !== 0);
  }

  // Commands to the controller

  #execute(command: number): void {
    this.#command = 0;
    if (command >= 0x20 && command <= 0x3f) this.#answer(this.#memory[command & 0x1f]!);
    else if ((command >= 0x60 && command <= 0x7f) || (command >= 0xd1 && command <= 0xd4)) this.#command = command;
    else if (command >= 0xf0) this.#pulse(command);
    else this.#executeSimple(command);
  }

  #executeSimple(command: number): void {
    switch (command) {
      case 0xa7:
        this.#setMode(this.#mode | MODE_AUXILIARY_OFF);
        break;
      case 0xa8:
        this.#setMode(this.#mode & ~MODE_AUXILIARY_OFF);
        break;
      case 0xa9: // test of the auxiliary interface
      case 0xab: // test of the keyboard's interface
        this.#answer(0);
        break;
      case 0xaa: // self-test
        this.#setMode(this.#mode | MODE_SYSTEM);
        this.#answer(0x55);
        break;
      case 0xad:
        this.#setMode(this.#mode | MODE_KEYBOARD_OFF);
        break;
      case 0xae:
        this.#setMode(this.#mode & ~MODE_KEYBOARD_OFF);
        break;
      case 0xc0: // input port: the keyboard is not locked
        this.#answer(0x80);
        break;
      case 0xd0: // output port
        this.#answer(OUTPUT_NO_RESET | OUTPUT_A20);
        break;
      default: // others do nothing
    }
  }

  #finishCommand(value: number): void {
    const command = this.#command;
    this.#command = 0;
    if (command === 0x60) this.#setMode(value);
    else if (command < 0x80) this.#memory[command & 0x1f] = value;
    else if (command === 0xd1 && (value & OUTPUT_NO_RESET) === 0) this.#wiring.onReset();
    else if (command === 0xd2) this.#answer(value);
    else if (command === 0xd3) this.#answer(value | FROM_AUXILIARY);
    else if (command === 0xd4) this.#answer(RESEND | FROM_AUXILIARY | TIMED_OUT);
  }

  #setMode(mode: number): void {
    this.#memory[0] = mode;
    this.#update();
  }

  /** Pulls lines of the output port low for a moment; the lowest one is the processor's reset. */
  #pulse(command: number): void {
    if ((command & 1) === 0) this.#wiring.onReset();
  }

  // The keyboard

  #toKeyboard(value: number): void {
    const command = this.#keyboardCommand;
    this.#keyboardCommand = 0;
    this.#setMode(this.#mode & ~MODE_KEYBOARD_OFF); // sending to the keyboard enables it
    if (command === 0) this.#keyboardExecute(value);
    else if (command === 0xf0 && value === 0) this.#answer(ACKNOWLEDGE, this.#scanCodeSet);
    else {
      if (command === 0xf0) this.#scanCodeSet = value;
      this.#answer(ACKNOWLEDGE);
    }
  }

  #keyboardExecute(value: number): void {
    switch (value) {
      case 0xed: // lights
      case 0xf0: // scan codes
      case 0xf3: // repetition
        this.#keyboardCommand = value;
        this.#answer(ACKNOWLEDGE);
        break;
      case 0xee: // echo
        this.#answer(0xee);
        break;
      case 0xf2: // identification, of which the controller translates the second byte
        this.#answer(ACKNOWLEDGE, 0xab, (this.#mode & MODE_TRANSLATE) !== 0 ? 0x41 : 0x83);
        break;
      case 0xf4: // scanning on, off, as after power-on
      case 0xf5:
      case 0xf6:
        this.#answer(ACKNOWLEDGE);
        break;
      case 0xfe:
        this.#answer(this.#lastSent);
        break;
      case 0xff:
        this.#scanCodeSet = 2;
        this.#answer(ACKNOWLEDGE, SELF_TEST_PASSED);
        break;
      default:
        this.#answer(RESEND);
    }
  }
}
