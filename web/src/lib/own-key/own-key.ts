/**
 * A key that only the member holds: 256 bits of AES-GCM, written down as a code of 13 groups.
 *
 * What is locked is bound to its kind and its member, and padded, so that its length says little.
 * As base64: nonce (12 bytes), then ciphertext with its tag.
 */

/** Without letters that are taken for another: I, L, O, U (Crockford's base 32). */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const KEY_BYTES = 32;
const CODE_LETTERS = 52;
const NONCE_BYTES = 12;
const PADDED_TO = 1024;

/** What is locked; `key`: nothing, and it shows that the key fits. */
export type Kind = 'plan' | 'journal' | 'key';

/** What was typed is no code of this kind, or opens nothing. */
export class WrongCode extends Error {}

export function newCode(): string {
  return codeOf(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
}

export function codeOf(bytes: Uint8Array): string {
  // 260 bits: the last four are 0.
  let number = [...bytes].reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) << 4n;
  let code = '';
  for (let place = 0; place < CODE_LETTERS; place++) {
    code = (LETTERS[Number(number & 31n)] ?? '') + code;
    number >>= 5n;
  }
  return groupsOf(code).join('-');
}

/** In fours. */
export function groupsOf(code: string): string[] {
  return plainLetters(code).match(/.{1,4}/g) ?? [];
}

/** The browser hands the key to nobody again. Throws WrongCode. */
export async function keyOf(code: string): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytesOf(code), 'AES-GCM', false, ['encrypt', 'decrypt']);
}

export async function lock(
  key: CryptoKey,
  kind: Kind,
  member: string,
  what: unknown,
): Promise<string> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = await crypto.subtle.encrypt(how(nonce, kind, member), key, padded(what));
  const all = new Uint8Array([...nonce, ...new Uint8Array(sealed)]);
  return btoa(Array.from(all, (byte) => String.fromCharCode(byte)).join(''));
}

/** Throws WrongCode where the key is another, or the text was changed or is another member's. */
export async function unlock<What>(
  key: CryptoKey,
  kind: Kind,
  member: string,
  locked: string,
): Promise<What> {
  try {
    const all = Uint8Array.from(atob(locked), (letter) => letter.charCodeAt(0));
    const nonce = all.slice(0, NONCE_BYTES);
    const sealed = all.slice(NONCE_BYTES);
    const plain = await crypto.subtle.decrypt(how(nonce, kind, member), key, sealed);
    return JSON.parse(new TextDecoder().decode(plain)) as What;
  } catch {
    throw new WrongCode();
  }
}

function how(iv: Uint8Array<ArrayBuffer>, kind: Kind, member: string): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(`${kind}|${member}`) };
}

/** With spaces, which JSON does not mind. */
function padded(what: unknown): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(what));
  const all = new Uint8Array(Math.ceil(text.length / PADDED_TO) * PADDED_TO).fill(32);
  all.set(text);
  return all;
}

function bytesOf(code: string): Uint8Array<ArrayBuffer> {
  const letters = plainLetters(code);
  if (letters.length !== CODE_LETTERS) throw new WrongCode();
  let number = 0n;
  for (const letter of letters) number = (number << 5n) | BigInt(LETTERS.indexOf(letter));
  if (number & 15n) throw new WrongCode();
  number >>= 4n;
  const bytes = new Uint8Array(KEY_BYTES);
  for (let place = KEY_BYTES - 1; place >= 0; place--) {
    bytes[place] = Number(number & 255n);
    number >>= 8n;
  }
  return bytes;
}

/** As it is meant, however it was typed. */
function plainLetters(typed: string): string {
  return typed
    .toUpperCase()
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1')
    .replace(/[^0-9A-HJKMNP-TV-Z]/g, '');
}
