import { describe, expect, it } from 'vitest';
import { obstacleOf, toBytes, toText, wasLeft } from './keys.ts';

describe('passkeys', () => {
  it('carry bytes both ways', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
    expect([...toBytes(toText(bytes.buffer))]).toEqual([...bytes]);
    expect(toText(bytes.buffer)).toMatch(/^[\w-]+$/);
  });

  it('say what they need', () => {
    const origin = 'https://hearth.example.org';
    expect(obstacleOf({ origin, why_not: 'needs_tls' }, origin)).toBe('needs_tls');
    expect(obstacleOf({ origin, why_not: null }, 'http://127.0.0.1:8000')).toBe('elsewhere');
    expect(obstacleOf({ origin, why_not: null }, origin)).toBe('browser');
  });

  it('do not complain when somebody changed their mind', () => {
    expect(wasLeft(new DOMException('', 'NotAllowedError'))).toBe(true);
    expect(wasLeft(new DOMException('', 'SecurityError'))).toBe(false);
    expect(wasLeft(new Error())).toBe(false);
  });
});
