/*
 * CRC-32 as Ethernet and zip have it (reflected polynomial 0xEDB88320), one bit at a time: frames of the wire protocol
 * are short, and a table would have to be made on both sides.
 *
 * Shared by guest and host: plain arithmetic alone. On the host numbers are doubles and `^` gives a signed result, so
 * every step ends with `>>> 0`, which the guest's compiler drops.
 */

/** The checksum of the `length` bytes of `data` that begin at `from`. Of "123456789" it is 0xCBF43926. */
export function crc32(data: Ptr<u8>, from: u32, length: u32): u32 {
  let crc: u32 = 0xffffffff;
  for (let i: u32 = 0; i < length; i++) {
    crc = (crc ^ data[from + i]) >>> 0;
    for (let bit: u32 = 0; bit < 8; bit++) {
      const half: u32 = crc >>> 1;
      crc = (crc & 1) !== 0 ? (half ^ 0xedb88320) >>> 0 : half;
    }
  }
  return (crc ^ 0xffffffff) >>> 0;
}
