import { fireEvent, render, screen } from '@testing-library/svelte';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { api, ApiError } from '#lib/api/client.ts';
import type { RoomView } from '#lib/live/chat.svelte.ts';
import { readDraft } from '#lib/live/drafts.ts';
import type { Message } from '#lib/live/room.ts';
import FlagDialog from './FlagDialog.svelte';

const post = vi.spyOn(api, 'post');

function show(role: Message['author']['role']): void {
  const message = { id: 'm-1', author: { id: 'a-1', name: 'Wren', role } } as Message;
  render(FlagDialog, { view: { id: 'r-1' } as RoomView, message, onclose: vi.fn() });
}

async function send(): Promise<void> {
  await fireEvent.click(screen.getByText('Ask them to look'));
}

beforeEach(() => {
  post.mockReset().mockResolvedValue({ who: 'moderator' });
  sessionStorage.clear();
  HTMLDialogElement.prototype.showModal = vi.fn();
  Element.prototype.scrollIntoView = vi.fn();
});

describe('asking a person to look', () => {
  it('takes "not sure" as an answer, and it is the first one', async () => {
    show('peer');
    await send();
    expect(post.mock.calls[0]?.[1]).toMatchObject({ reason: 'not_sure', aside: false });
    expect(await screen.findByText(/you will find the answer in your notices/)).toBeTruthy();
  });

  it('does not offer to leave the keepers out where a peer wrote it', () => {
    show('peer');
    expect(screen.queryByLabelText(/Not to those who keep this room/)).toBeNull();
  });

  it('offers it where a keeper wrote it, and says who looks then', async () => {
    show('moderator');
    post.mockResolvedValue({ who: 'aside' });
    await fireEvent.click(screen.getByLabelText(/Not to those who keep this room/));
    await send();
    expect(post.mock.calls[0]?.[1]).toMatchObject({ aside: true });
    expect(await screen.findByText(/Somebody who does not keep this room will look/)).toBeTruthy();
  });

  it('thanks nobody before it is kept, keeps the words, and asks once', async () => {
    post.mockRejectedValueOnce(new ApiError(0, 'offline', ''));
    show('peer');
    const field = screen.getByLabelText(/Anything else/);
    await fireEvent.input(field, { target: { value: 'It hurt.' } });
    await send();
    expect(await screen.findByText(/has not been sent/)).toBeTruthy();
    expect(screen.queryByText(/Thank you/)).toBeNull();
    expect(readDraft('flag m-1')).toBe('It hurt.');
    await fireEvent.click(screen.getByText('Try again'));
    expect(await screen.findByText(/Thank you/)).toBeTruthy();
    const [first, second] = post.mock.calls.map(([, body]) => body);
    expect(second).toEqual(first);
    expect(readDraft('flag m-1')).toBe('');
  });
});
