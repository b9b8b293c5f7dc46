import { fireEvent, render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadStaffWords } from '#lib/i18n/index.svelte.ts';
import { guard, type Guard } from './guard.svelte.ts';
import Rest from './Rest.svelte';

const CALM: Guard = {
  on: true,
  budget: 6,
  hard: 1,
  paused_until: null,
  covered: [],
  offer: false,
};
const asked: string[] = [];

function answerWith(state: Partial<Guard>): void {
  vi.stubGlobal(
    'fetch',
    vi.fn((path: string, init: RequestInit) => {
      asked.push(`${init.method ?? ''} ${path}`);
      return Promise.resolve(Response.json({ ...CALM, ...state }));
    }),
  );
}

const soon = () => new Date(Date.now() + 180_000).toISOString();

beforeAll(loadStaffWords);
beforeEach(() => {
  guard.state = CALM;
  asked.length = 0;
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe('after a crisis case', () => {
  it('nothing is offered that is not due', () => {
    render(Rest);
    expect(screen.queryByRole('region')).toBeNull();
  });

  it('a pause is offered without taking the focus, and skipped with one key', async () => {
    answerWith({});
    const field = document.body.appendChild(document.createElement('button'));
    field.focus();
    render(Rest);
    guard.state = { ...CALM, offer: true };
    await tick();
    expect(screen.getByRole('region', { name: 'A pause is offered' })).toBeTruthy();
    expect(document.activeElement).toBe(field);

    await fireEvent.keyDown(window, { key: 'B' });
    await vi.waitFor(() => {
      expect(screen.queryByRole('region')).toBeNull();
    });
    expect(asked).toEqual(['DELETE /api/me/guard/pause']);
    field.remove();
  });

  it('one key takes it, and one key ends it', async () => {
    answerWith({ paused_until: soon() });
    guard.state = { ...CALM, offer: true };
    render(Rest);
    await fireEvent.keyDown(window, { key: 'b' });
    await screen.findByRole('region', { name: 'A few minutes for you' });
    answerWith({});
    await fireEvent.keyDown(window, { key: 'B' });
    await vi.waitFor(() => {
      expect(screen.queryByRole('region')).toBeNull();
    });
    expect(asked).toEqual(['PUT /api/me/guard/pause', 'DELETE /api/me/guard/pause']);
  });

  it('the questions say who reads the answers, and none has to be answered', () => {
    guard.state = { ...CALM, offer: true };
    render(Rest);
    expect(screen.getByText(/The answers are for you alone/)).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Keep it' }).getAttribute('aria-disabled')).toBe(
      'true',
    );
  });
});

describe('alerts in a pause', () => {
  it('are left to somebody else of that room, and only then', async () => {
    guard.state = { ...CALM, paused_until: soon() };
    answerWith({ paused_until: soon(), covered: ['room-1'] });
    expect(await guard.restsFrom('room-1')).toBe(true);
    expect(await guard.restsFrom('room-2')).toBe(false);
    vi.stubGlobal('fetch', () => Promise.reject(new Error('the line is down')));
    expect(await guard.restsFrom('room-1')).toBe(false);
  });

  it('ring as ever when there is no pause', async () => {
    expect(await guard.restsFrom('room-1')).toBe(false);
  });
});
