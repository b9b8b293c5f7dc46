import { fireEvent, render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { describe, expect, it, vi } from 'vitest';
import { praiseFrame, ROOM } from '#lib/live/cast.ts';
import { chat } from '#lib/live/chat.svelte.ts';
import PraiseLine from './PraiseLine.svelte';

const WORDS = praiseFrame().words;

function show() {
  const view = chat.view(ROOM);
  view.apply({ type: 'praise_over' });
  const ongone = vi.fn();
  render(PraiseLine, { view, ongone });
  return { view, ongone };
}

describe('praise', () => {
  it('is spoken politely by a region that was there before, and takes no focus', async () => {
    const { view } = show();
    const region = screen.getByRole('status');
    expect(region.textContent.trim()).toBe('');
    const field = document.body.appendChild(document.createElement('textarea'));
    field.focus();
    view.apply(praiseFrame());
    await tick();
    expect(region.textContent).toContain(WORDS);
    expect(region.textContent).toContain('Only you can see this.');
    expect(document.activeElement).toBe(field);
    field.remove();
  });

  it('can be put away', async () => {
    const { view, ongone } = show();
    view.apply(praiseFrame());
    await tick();
    await fireEvent.click(screen.getByRole('button', { name: 'Close' }), { detail: 1 });
    expect(view.state.praise).toBeNull();
    expect(screen.getByRole('status').textContent.trim()).toBe('');
    expect(ongone).not.toHaveBeenCalled();
  });

  it('leads whoever puts it away by keyboard back to where they write', async () => {
    const { view, ongone } = show();
    view.apply(praiseFrame());
    await tick();
    await fireEvent.click(screen.getByRole('button', { name: 'Close' }), { detail: 0 });
    expect(ongone).toHaveBeenCalledOnce();
  });

  it('is over when something else is said', async () => {
    const { view } = show();
    view.apply(praiseFrame());
    chat.say({
      room: ROOM,
      edits: null,
      text: 'And then?',
      replyTo: null,
      ask: false,
      contentNote: null,
    });
    await tick();
    expect(screen.getByRole('status').textContent.trim()).toBe('');
    chat.outbox = [];
  });

  it('shows markup as the text it is', async () => {
    const { view } = show();
    view.apply(praiseFrame({ words: '<img src=x onerror=alert(1)>' }));
    await tick();
    expect(document.querySelector('img')).toBeNull();
  });
});
