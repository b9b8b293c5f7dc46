import { render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, describe, expect, it } from 'vitest';
import { remembered, ROOM } from '#lib/live/cast.ts';
import { chat, RoomView } from '#lib/live/chat.svelte.ts';
import type { Message } from '#lib/live/room.ts';
import Spoken from './Spoken.svelte';

const POST = 'message-1';

function spoken(): string {
  return screen.getByRole('log').textContent;
}

afterEach(() => {
  chat.support = [];
});

describe('what is read out', () => {
  it('is what came since, never what was there before', async () => {
    const view = new RoomView(ROOM);
    view.spoken = remembered(1);
    render(Spoken, { view });
    await tick();
    expect(spoken()).not.toContain('words 1');
    view.spoken = remembered(2);
    await tick();
    expect(spoken()).toContain('words 2');
  });

  it('in a thread is its replies, and what is said to oneself', async () => {
    const view = new RoomView(ROOM);
    render(Spoken, { view, only: ({ reply_to }: Message) => reply_to === POST });
    view.spoken = remembered(2);
    await tick();
    view.spoken = remembered(3, { reply_to: POST });
    await tick();
    chat.support = [
      {
        type: 'support',
        room: ROOM,
        about: 'self',
        words: 'You are not alone.',
        emergency: [],
        lines: [],
        private_line: null,
        client_id: null,
      },
    ];
    await tick();
    expect(spoken()).not.toContain('words 2');
    expect(spoken()).toContain('words 3');
    expect(spoken()).toContain('You are not alone.');
  });
});
