/** DAG-CBOR to JavaScript, as our own modules write it: nothing is checked. */
import { Link } from './link.js';

/** @param {Uint8Array} bytes @returns {any} */
export function decodeCbor(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;

  const head = () => {
    const first = bytes[at++];
    const major = first >> 5;
    const info = first & 31;
    if (info < 24) return { major, info, n: BigInt(info) };
    const size = 1 << (info - 24);
    let n = 0n;
    for (const end = at + size; at < end;) n = (n << 8n) | BigInt(bytes[at++]);
    return { major, info, n };
  };
  const take = (/** @type {bigint} */ n) => bytes.slice(at, (at += Number(n)));
  const whole = (/** @type {bigint} */ n) => (Number.isSafeInteger(Number(n)) ? Number(n) : n);

  /** @returns {any} */
  const item = () => {
    const { major, info, n } = head();
    switch (major) {
      case 0:
        return whole(n);
      case 1:
        return whole(-1n - n);
      case 2:
        return take(n);
      case 3:
        return new TextDecoder().decode(take(n));
      case 4:
        return Array.from({ length: Number(n) }, item);
      case 5: {
        const pairs = Array.from({ length: Number(n) }, () => [item(), item()]);
        return Object.fromEntries(pairs);
      }
      case 6:
        return new Link(item().slice(1)); // behind the zero that stands for "no base"
      default:
        if (info === 27) return view.getFloat64(at - 8);
        return info === 22 ? null : info === 21;
    }
  };
  return item();
}
