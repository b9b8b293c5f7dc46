import { describe, expect, it } from 'vitest';
import { filterOf, NO_FILTER, urgencyFor } from './filters.ts';

const ROOM = '01931a2b-0000-7000-8000-000000000001';

describe('the filters of the queue', () => {
  it('are what stands in the address', () => {
    const asked = new URLSearchParams(`room=${ROOM}&urgency=soon&kind=line&language=ar&waits_h=24`);
    expect(filterOf(asked)).toEqual({
      room: ROOM,
      urgency: 'soon',
      kind: 'line',
      language: 'ar',
      waits_h: 24,
    });
  });

  it('leave out whatever is not one of ours', () => {
    const asked = new URLSearchParams('room=x&urgency=never&kind=<b>&language=English&waits_h=5');
    expect(filterOf(asked)).toEqual(NO_FILTER);
    expect(filterOf(new URLSearchParams())).toEqual(NO_FILTER);
  });

  it('go by digits, the most urgent first, and are let go by the same', () => {
    expect(urgencyFor('1', '')).toBe('now');
    expect(urgencyFor('4', 'now')).toBe('none');
    expect(urgencyFor('2', 'soon')).toBe('');
    expect(urgencyFor('5', '')).toBeNull();
    expect(urgencyFor('n', '')).toBeNull();
  });
});
