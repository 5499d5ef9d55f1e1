/* 64-bit arithmetic: a clock that converts ticks to nanoseconds and back. */
function toNanoseconds(ticks: u64, frequency: u32): u64 {
  const seconds = ticks / u64(frequency);
  const rest = ticks % u64(frequency);
  return seconds * 1000000000n + (rest * 1000000000n) / u64(frequency);
}

function scale(value: u64, multiplier: u32, shift: u64): u64 {
  return (value * u64(multiplier)) >> shift;
}

export function main(): u32 {
  let ticks: u64 = 1n;
  let sum: u64 = 0n;
  for (let i: u32 = 0; i < 500; i++) {
    ticks = ticks * 3n + u64(i);
    if (ticks > 0xffffffffffffn) ticks = ticks >> 20n;
    sum = sum + toNanoseconds(ticks, 1193182 + i);
    sum = sum ^ scale(ticks, 2147483 + i, 11n);
    if (i64(sum) < 0n) sum = ~sum;
  }
  return u32(sum) ^ u32(sum >> 32n);
}
