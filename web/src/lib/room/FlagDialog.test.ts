import { fireEvent, render, screen } from '@testing-library/svelte';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { chat, type RoomView } from '#lib/live/chat.svelte.ts';
import type { Message } from '#lib/live/room.ts';
import FlagDialog from './FlagDialog.svelte';

const flag = vi.spyOn(chat, 'flag').mockImplementation(() => undefined);

function show(role: Message['author']['role']): void {
  const message = { id: 'm-1', author: { id: 'a-1', name: 'Wren', role } } as Message;
  render(FlagDialog, { view: { id: 'r-1' } as RoomView, message, onclose: vi.fn() });
}

async function send(): Promise<void> {
  await fireEvent.click(screen.getByText('Ask them to look'));
}

beforeEach(() => {
  flag.mockClear();
  HTMLDialogElement.prototype.showModal = vi.fn();
});

describe('asking a person to look', () => {
  it('takes "not sure" as an answer, and it is the first one', async () => {
    show('peer');
    await send();
    expect(flag.mock.calls[0]?.[0]).toMatchObject({ reason: 'not_sure', aside: false });
    expect(screen.getByText(/you will find the answer in your notices/)).toBeTruthy();
  });

  it('does not offer to leave the keepers out where a peer wrote it', () => {
    show('peer');
    expect(screen.queryByLabelText(/Not to those who keep this room/)).toBeNull();
  });

  it('offers it where a keeper wrote it, and says who looks then', async () => {
    show('moderator');
    await fireEvent.click(screen.getByLabelText(/Not to those who keep this room/));
    await send();
    expect(flag.mock.calls[0]?.[0]).toMatchObject({ message: 'm-1', aside: true });
    expect(screen.getByText(/Somebody who does not keep this room will look/)).toBeTruthy();
  });
});
