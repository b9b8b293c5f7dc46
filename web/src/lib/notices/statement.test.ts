import { describe, expect, it } from 'vitest';
import { hasStatement } from './statement.ts';

describe('a notice has a statement of reasons', () => {
  it.each(['held', 'hidden', 'collapsed', 'warn', 'pause', 'removed'] as const)(
    'when it tells of something that restricts: %s',
    (kind) => {
      expect(hasStatement({ kind, appeal_until: '2026-12-16T09:00:00Z' })).toBe(true);
    },
  );

  it.each(['published', 'care_note', 'reach_out', 'looked_at', 'appeal', 'helped'] as const)(
    'and none when it does not: %s',
    (kind) => {
      expect(hasStatement({ kind, appeal_until: null })).toBe(false);
    },
  );

  it('what was read late has one where a message was folded', () => {
    expect(hasStatement({ kind: 'assessed_late', appeal_until: '2026-12-16T09:00:00Z' })).toBe(
      true,
    );
    expect(hasStatement({ kind: 'assessed_late', appeal_until: null })).toBe(false);
  });
});
