/*
 * The FPU's registers in a signal frame.
 *
 * Linux i386 programs find two images one after the other: the older one in the form of FNSAVE (108 bytes), with a status
 * and a "magic" half-word behind it, and the newer one in the form of FXSAVE (512 bytes), present if magic is 0. On a CPU
 * without FXSAVE only the older one counts, and magic is all ones.
 *
 * What comes back from a program may be anything. FRSTOR takes any bits; FXRSTOR faults on reserved bits of MXCSR, so
 * those are cleared first.
 *
 * @source Linux's asm/sigcontext.h (struct _fpstate_32); SDM vol. 1, 8.1.10 (FNSAVE) and 10.5 (FXSAVE).
 */

import { EFAULT } from '../abi/errno.ts';
import { FEATURE_FXSR, hasFeature } from '../arch/x86/cpuFeatures.ts';
import { fpuInit, type FpuState } from '../arch/x86/fpu.ts';
import { copyFromUser } from '../arch/x86/userCopy.ts';

/** Bytes of both images. */
export const FPU_FRAME_SIZE: u32 = 624;
/** Bytes of the older image, with status and magic; the newer one begins here. */
const OLD_SIZE: u32 = 112;
/** The bits of MXCSR that every CPU with SSE has; DAZ (bit 6) only where its mask says so. */
const MXCSR_SAFE: u32 = 0xffbf;

/** The beginning of the image that FNSAVE writes. Eight registers of 10 bytes follow. */
class OldImage {
  control: u32;
  status: u32;
  tag: u32;
  instructionOffset: u32;
  instructionSelector: u32;
  operandOffset: u32;
  operandSelector: u32;
  registers: FixedArray<u8, 80>;
  statusCopy: u16;
  magic: u16;
}

/** The beginning of the image that FXSAVE writes. */
class NewImage {
  control: u16;
  status: u16;
  tag: u8; // one bit per register: not empty
  reserved: u8;
  opcode: u16;
  instructionOffset: u32;
  instructionSelector: u32;
  operandOffset: u32;
  operandSelector: u32;
  mxcsr: u32;
  mxcsrMask: u32;
  registers: FixedArray<u8, 128>; // eight times 10 bytes, and 6 of padding each
}

// Tags of the older image.
const TAG_VALID: u32 = 0;
const TAG_ZERO: u32 = 1;
const TAG_SPECIAL: u32 = 2;
const TAG_EMPTY: u32 = 3;

/** What kind of number the ten bytes at `register` are. */
function tagOf(register: Ptr<u8>): u32 {
  const words = ptr<u32>(register);
  const exponent = u32(ptr<u16>(register)[4] & 0x7fff);
  if (exponent === 0x7fff) return TAG_SPECIAL;
  if (exponent === 0) return (words[0] | words[1]) === 0 ? TAG_ZERO : TAG_SPECIAL;
  return (words[1] & 0x80000000) !== 0 ? TAG_VALID : TAG_SPECIAL;
}

/** The two-bit tags of the older image. Tags go by register, the registers' contents by place on the stack. */
function fullTag(image: NewImage): u32 {
  const top = (u32(image.status) >>> 11) & 7;
  let tags: u32 = 0;
  for (let register: u32 = 0; register < 8; register++) {
    const isEmpty = ((u32(image.tag) >>> register) & 1) === 0;
    const place = (register - top) & 7;
    const tag = isEmpty ? TAG_EMPTY : tagOf(addrOf(image.registers[place * 16]));
    tags |= tag << (register * 2);
  }
  return tags;
}

/** Fills the frame's 624 bytes from what fpuSave has stored. */
export function fillFpuFrame(frame: Ptr<u8>, state: FpuState): void {
  const old = as<OldImage>(frame);
  if (!hasFeature(FEATURE_FXSR)) {
    copyBytes(frame, state.area, OLD_SIZE - 4);
    fillBytes(frame.add(OLD_SIZE - 4), 0, FPU_FRAME_SIZE - (OLD_SIZE - 4));
    old.statusCopy = u16(old.status);
    old.magic = 0xffff;
    return;
  }
  const image = as<NewImage>(state.area);
  old.control = u32(image.control) | 0xffff0000;
  old.status = u32(image.status) | 0xffff0000;
  old.tag = fullTag(image) | 0xffff0000;
  old.instructionOffset = image.instructionOffset;
  old.instructionSelector = image.instructionSelector;
  old.operandOffset = image.operandOffset;
  old.operandSelector = image.operandSelector;
  for (let i: u32 = 0; i < 8; i++) copyBytes(addrOf(old.registers[i * 10]), addrOf(image.registers[i * 16]), 10);
  old.statusCopy = image.status;
  old.magic = 0;
  copyBytes(frame.add(OLD_SIZE), state.area, 512);
}

/** Fills `state` from an image in the newer form, which may be anything. On a CPU with FXSAVE. */
export function setFpuImage(state: FpuState, image: Ptr<u8>): void {
  copyBytes(state.area, image, 512);
  as<NewImage>(state.area).mxcsr &= MXCSR_SAFE;
}

/** Fills `state` from an image in the older form; SSE's registers stay as they are. */
export function setOldFpuImage(state: FpuState, image: Ptr<u8>): void {
  if (!hasFeature(FEATURE_FXSR)) {
    copyBytes(state.area, image, OLD_SIZE - 4);
    return;
  }
  const old = as<OldImage>(image);
  const fresh = as<NewImage>(state.area);
  fresh.control = u16(old.control);
  fresh.status = u16(old.status);
  fresh.instructionOffset = old.instructionOffset;
  fresh.instructionSelector = old.instructionSelector & 0xffff;
  fresh.operandOffset = old.operandOffset;
  fresh.operandSelector = old.operandSelector & 0xffff;
  let tags: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) {
    if (((old.tag >>> (i * 2)) & 3) !== TAG_EMPTY) tags |= 1 << i;
    copyBytes(addrOf(fresh.registers[i * 16]), addrOf(old.registers[i * 10]), 10);
  }
  fresh.tag = u8(tags);
}

/**
 * Fills `state` from the frame at the user address `fpstate`; a fresh state if that is 0.
 *
 * @returns 0 or -EFAULT
 */
export function loadFpuFrame(state: FpuState, fpstate: u32): i32 {
  if (fpstate === 0) {
    fpuInit(state);
    return 0;
  }
  if (!hasFeature(FEATURE_FXSR)) return copyFromUser(state.area, fpstate, OLD_SIZE - 4);
  const image = as<NewImage>(state.area);
  if (copyFromUser(state.area, fpstate + OLD_SIZE, 512) < 0) {
    fpuInit(state);
    return -EFAULT;
  }
  image.mxcsr &= MXCSR_SAFE;
  return 0;
}
