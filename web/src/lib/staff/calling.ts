/** The steward's own command, which calls people who are away. */
import type { Calling } from './types.ts';

type Command = Pick<Calling, 'has_command' | 'last_call'>;

/** The words for how it stands: a failure is said also after the command was taken away. */
export function commandKey({ has_command, last_call }: Command) {
  if (last_call !== null && last_call !== 'done') return 'staff.calling.command.failed';
  if (!has_command) return 'staff.calling.command.none';
  return last_call === null ? 'staff.calling.command.set' : 'staff.calling.command.well';
}
