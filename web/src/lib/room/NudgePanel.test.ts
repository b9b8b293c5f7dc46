import { render, screen } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ROOM } from '#lib/live/cast.ts';
import { chat } from '#lib/live/chat.svelte.ts';
import { add, receive, sent } from '#lib/live/outbox.ts';
import NudgePanel from './NudgePanel.svelte';

const TEXT = '😀 you idiot <img src=x onerror=alert(1)>';

function nudged() {
  const draft = {
    room: ROOM,
    edits: null,
    text: TEXT,
    replyTo: null,
    ask: false,
    contentNote: null,
  };
  return receive(
    sent(add([], draft, 'a', 0), 'a', 0),
    {
      type: 'nudge',
      room: ROOM,
      client_id: 'a',
      reasons: ['harsh'],
      words: 'Some words here may land harder than you mean them.',
      spans: [{ start: 6, end: 11, signal: 'insult' }],
      suggestions: ['Say what you feel, starting with I'],
    },
    1,
  );
}

function show() {
  chat.outbox = nudged();
  const entry = chat.outbox[0];
  if (!entry) throw new Error('nobody was nudged');
  const onedit = vi.fn();
  render(NudgePanel, { entry, editing: false, onedit });
  return onedit;
}

describe('the nudge', () => {
  afterEach(() => {
    chat.outbox = [];
  });

  it('is a named region that marks the author’s own words, counted in code points', () => {
    show();
    expect(screen.getByRole('region', { name: 'Before this goes out' })).toBeTruthy();
    expect(document.querySelector('mark')?.textContent).toBe('idiot');
    expect(document.querySelector('blockquote')?.textContent).toBe(TEXT);
  });

  it('shows markup as the text it is', () => {
    show();
    expect(document.querySelector('img')).toBeNull();
  });

  it('offers three ways on, and blocks none', () => {
    const onedit = show();
    screen.getByRole('button', { name: 'Change it' }).click();
    expect(onedit).toHaveBeenCalledOnce();
    screen.getByRole('button', { name: 'Send as it is' }).click();
    expect(chat.outbox[0]).toMatchObject({ state: 'waiting', insist: true, text: TEXT });
    screen.getByRole('button', { name: 'Discard' }).click();
    expect(chat.outbox).toEqual([]);
  });
});
