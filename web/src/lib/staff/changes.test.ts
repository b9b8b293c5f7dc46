import { describe, expect, it } from 'vitest';
import { changesBetween } from './changes.ts';
import { aCase, aDecision, aMessage } from './cast.ts';

const before = aCase();

describe('what changed meanwhile', () => {
  it('is nothing when nothing did', () => {
    expect(changesBetween(before, aCase())).toEqual([]);
  });

  it('is a decision by somebody else, and the state it led to', () => {
    const decision = aDecision({ by: 'Robin', action: 'dismiss' });
    const after = aCase({
      decisions: [decision],
      line: { ...before.line, state: 'closed', version: 5 },
    });
    expect(changesBetween(before, after)).toEqual([
      { kind: 'decided', decision },
      { kind: 'state', from: 'open', to: 'closed' },
    ]);
  });

  it('is a claim, but not my own', () => {
    const by = (claimed_by: string, claimed_by_me: boolean) =>
      aCase({ line: { ...before.line, claimed_by, claimed_by_me } });
    expect(changesBetween(before, by('Robin', false))).toEqual([{ kind: 'claimed', by: 'Robin' }]);
    expect(changesBetween(before, by('me', true))).toEqual([]);
  });

  it('is what was written, edited or taken back in the room', () => {
    const after = aCase({
      messages: [
        { ...aMessage('m1'), text: 'I am safe now' },
        { ...aMessage('m2'), state: 'withdrawn', text: null },
        aMessage('m3'),
      ],
    });
    expect(changesBetween(before, after)).toEqual([
      { kind: 'messages', more: 1 },
      { kind: 'message', id: 'm1', to: 'edited' },
      { kind: 'message', id: 'm2', to: 'withdrawn' },
    ]);
  });

  it('is more urgency and more flags', () => {
    const flag = before.flags[0];
    if (!flag) throw new Error('the case has no flag');
    const after = aCase({ flags: [flag, flag], line: { ...before.line, urgency: 'now' } });
    expect(changesBetween(before, after)).toEqual([
      { kind: 'urgency', from: 'soon', to: 'now' },
      { kind: 'flagged', more: 1 },
    ]);
  });
});
