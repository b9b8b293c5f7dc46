import { fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Body } from '#lib/api/types.ts';
import EntryCard from './EntryCard.svelte';

type Entry = Body<'LedgerEntry'>;

const LATER = new Date(Date.now() + 86_400_000).toISOString();

function entry(over: Partial<Entry> = {}): Entry {
  return {
    id: 'act-1',
    at: '2026-11-16T09:00:00Z',
    kind: 'collapse',
    words: 'Your message was folded behind a short note.',
    room: 'r-1',
    room_name: 'Low days',
    message: 'm-1',
    rules: ['It sounded harsh toward another person.'],
    band: 'high',
    band_words: 'Tone: high. It sounded very harsh.',
    clause_words: 'We speak kindly here.',
    model: 'hearth-1',
    policy: '3',
    became: null,
    followed: [],
    statement: 'n-1',
    asked: null,
    may_ask: true,
    ask_until: LATER,
    bound: 12,
    ...over,
  };
}

afterEach(() => vi.unstubAllGlobals());

describe('an entry of the ledger', () => {
  it('says what, by which rule and promise, how sure, and by which versions', () => {
    render(EntryCard, { entry: entry(), onasked: vi.fn() });
    for (const words of [/folded behind/, /sounded harsh/, /speak kindly/, /very harsh/])
      expect(screen.getAllByText(words).length).toBeGreaterThan(0);
    expect(screen.getByText('Read by: hearth-1. Rules: version 3.')).toBeTruthy();
    expect(screen.getByRole('link', { name: 'Why, in full' }).getAttribute('href')).toBe(
      '/statements/n-1',
    );
  });

  it('speaks of danger in words alone, with the way to help beside them', () => {
    const words = 'We thought you might be in danger and asked a person to look.';
    const risk: Partial<Entry> = { kind: 'risk', words, rules: [], band: null, band_words: null };
    render(EntryCard, { entry: entry({ ...risk, statement: null }), onasked: vi.fn() });
    expect(screen.getByText(words)).toBeTruthy();
    expect(screen.queryByText('How it sounded')).toBeNull();
    expect(screen.queryByText('Rule')).toBeNull();
    expect(screen.getByRole('link', { name: 'All help lines' })).toBeTruthy();
  });

  it('is asked about once, with words', async () => {
    const answer = new Response(JSON.stringify({ id: 'n-1', appeal: 'open' }));
    const fetched = vi.fn().mockResolvedValue(answer);
    vi.stubGlobal('fetch', fetched);
    const onasked = vi.fn();
    render(EntryCard, { entry: entry(), onasked });
    await fireEvent.click(screen.getByRole('button', { name: /Ask a person about this/ }));
    await fireEvent.input(screen.getByLabelText('What should they know?'), {
      target: { value: 'It was a quotation.' },
    });
    await fireEvent.click(screen.getByRole('button', { name: 'Send it' }));
    await vi.waitFor(() => {
      expect(onasked).toHaveBeenCalledOnce();
    });
    expect(fetched.mock.calls[0]?.[0]).toBe('/api/me/ledger/act-1/ask');
  });

  it('offers no second look where one was given', () => {
    render(EntryCard, { entry: entry({ asked: 'upheld', may_ask: false }), onasked: vi.fn() });
    expect(screen.queryByRole('button')).toBeNull();
    expect(screen.getByText(/The decision stays/)).toBeTruthy();
  });
});
