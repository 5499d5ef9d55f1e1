/* CRC-32 by table: byte loads, shifts, a table in memory. */
const crcTable = zeroed<FixedArray<u32, 256>>();
const data = zeroed<FixedArray<u8, 16384>>();

function fillTable(): void {
  for (let i: u32 = 0; i < 256; i++) {
    let c: u32 = i;
    for (let k: u32 = 0; k < 8; k++) c = (c & 1) !== 0 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    crcTable[i] = c;
  }
}

function crc32(bytes: Ptr<u8>, length: u32): u32 {
  let crc: u32 = 0xffffffff;
  for (let i: u32 = 0; i < length; i++) crc = crcTable[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc;
}

export function main(): u32 {
  fillTable();
  for (let i: u32 = 0; i < 16384; i++) data[i] = u8(i * 7 + (i >>> 3));
  let sum: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) sum = sum ^ crc32(data, 16384 - i);
  return sum;
}
