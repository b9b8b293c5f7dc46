import { describe, expect, it } from 'vitest';
import { commandKey } from './calling.ts';

describe('the command that calls people', () => {
  it.each([
    [false, null, 'none'],
    [true, null, 'set'],
    [true, 'done', 'well'],
    [true, 'exit_3', 'failed'],
    [false, 'late', 'failed'],
  ])('set: %s, last: %s is told as %s', (has_command, last_call, told) => {
    expect(commandKey({ has_command, last_call })).toBe(`staff.calling.command.${told}`);
  });
});
