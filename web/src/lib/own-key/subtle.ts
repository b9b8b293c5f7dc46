/** For tests: Node's own SubtleCrypto, for jsdom has none. */
import { webcrypto } from 'node:crypto';

Object.defineProperty(crypto, 'subtle', { value: webcrypto.subtle });
