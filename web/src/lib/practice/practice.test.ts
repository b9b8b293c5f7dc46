import { fireEvent, render, screen } from '@testing-library/svelte';
import { beforeEach, expect, it, vi } from 'vitest';
import '#lib/i18n/english.ts';
import PracticeRoom from './PracticeRoom.svelte';

const fetched = vi.fn();

beforeEach(() => {
  fetched.mockClear();
  vi.stubGlobal('fetch', fetched);
});

it('shows a suggestion, lets it be overruled, and sends nothing', async () => {
  render(PracticeRoom);
  await fireEvent.click(screen.getByRole('button', { name: 'Send' }));
  expect(screen.getByText('get over it', { selector: 'mark' })).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Send as it is' }));
  expect(screen.getByText('only here, not sent')).toBeTruthy();
  expect(fetched).not.toHaveBeenCalled();
});

it('never leaves somebody in danger alone with it, and suggests nothing to them', async () => {
  render(PracticeRoom);
  const field = screen.getByLabelText(/Answer Robin/);
  await fireEvent.input(field, { target: { value: 'just get over it, I want to die' } });
  expect(screen.getByText(/Nobody reads along here/)).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Send' }));
  expect(screen.queryByText('Before this goes out')).toBeNull();
  expect(screen.getByText(/Nobody reads along here/)).toBeTruthy();
});
