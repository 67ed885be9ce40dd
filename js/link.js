/** Links: CIDs as JavaScript sees them, in a form that multiformats' `CID.asCID` accepts. */
import { FreeholdError } from './error.js';

const base32Digits = 'abcdefghijklmnopqrstuvwxyz234567';
const base58Digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const textLengthMax = 256; // base58 costs the square of it

export class Link {
  #text = '';

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this['/'] = bytes;
    const isOld = bytes[0] === 0x12 && bytes[1] === 32 && bytes.length === 34;
    const version = isOld ? { value: 0, end: 0 } : uvarint(bytes, 0);
    const codec = isOld ? { value: 0x70, end: 0 } : uvarint(bytes, version.end);
    const hash = uvarint(bytes, codec.end);
    const size = uvarint(bytes, hash.end);
    if (version.value > 1 || size.end + size.value !== bytes.length) throw malformed();
    this.version = /** @type {0 | 1} */ (version.value);
    this.code = codec.value;
    this.multihash = {
      code: hash.value,
      size: size.value,
      digest: bytes.subarray(size.end),
      bytes: bytes.subarray(codec.end),
    };
  }

  /** @param {string} text */
  static parse(text) {
    if (text.length > textLengthMax) throw malformed();
    if (text[0] === 'b') return new Link(fromBase32(text.slice(1)));
    if (text.startsWith('Qm')) return new Link(fromBase58(text));
    if (text[0] === 'z') return new Link(fromBase58(text.slice(1)));
    throw malformed();
  }

  get asCID() {
    return this;
  }

  /** @param {{bytes: Uint8Array}} other */
  equals({ bytes }) {
    return bytes.length === this.bytes.length && this.bytes.every((byte, i) => byte === bytes[i]);
  }

  toString() {
    this.#text ||= this.version === 0 ? toBase58(this.bytes) : `b${toBase32(this.bytes)}`;
    return this.#text;
  }

  toJSON() {
    return { '/': this.toString() };
  }
}

const malformed = () => new FreeholdError('Malformed', 'a CID');

/** @param {Uint8Array} bytes @param {number} at */
function uvarint(bytes, at) {
  let value = 0;
  for (let scale = 1; at < bytes.length && scale < 2 ** 49; scale *= 128) {
    const byte = bytes[at++];
    value += (byte & 127) * scale;
    if (byte < 128) return { value, end: at };
  }
  throw malformed();
}

/** @param {Uint8Array} bytes */
function toBase32(bytes) {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += base32Digits[(held >> (bits - 5)) & 31];
    held &= 31;
  }
  return bits === 0 ? text : text + base32Digits[(held << (5 - bits)) & 31];
}

/** @param {string} text */
function fromBase32(text) {
  const bytes = [];
  let bits = 0;
  let held = 0;
  for (const digit of text) {
    held = (held << 5) | digitOf(base32Digits, digit);
    bits += 5;
    if (bits >= 8) bytes.push((held >> (bits -= 8)) & 255);
    held &= 255;
  }
  if (bits >= 5 || (held & ((1 << bits) - 1)) !== 0) throw malformed();
  return Uint8Array.from(bytes);
}

/** @param {Uint8Array} bytes */
function toBase58(bytes) {
  let number = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let text = '';
  for (; number > 0n; number /= 58n) text = base58Digits[Number(number % 58n)] + text;
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return '1'.repeat(zeros < 0 ? bytes.length : zeros) + text;
}

/** @param {string} text */
function fromBase58(text) {
  let number = 0n;
  for (const digit of text) number = number * 58n + BigInt(digitOf(base58Digits, digit));
  const bytes = [];
  for (; number > 0n; number /= 256n) bytes.unshift(Number(number % 256n));
  for (let i = 0; text[i] === '1'; ++i) bytes.unshift(0);
  return Uint8Array.from(bytes);
}

/** @param {string} digits @param {string} digit */
function digitOf(digits, digit) {
  const value = digits.indexOf(digit);
  if (value < 0) throw malformed();
  return value;
}
