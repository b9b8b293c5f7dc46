import { render, screen, within } from '@testing-library/svelte';
import { expect, it, vi } from 'vitest';
import CourseCard from './CourseCard.svelte';
import type { MeasureCourse, MeasureResult } from './types.ts';

function result(id: string, total: number, band: string | null): MeasureResult {
  return {
    id,
    at: `2026-11-16T0${id}:00:00Z`,
    room: null,
    answers: band ? { q1: total } : {},
    total,
    band,
    since_first: null,
    since_last: null,
  };
}

const COURSE: MeasureCourse = {
  measure: 'short',
  title: 'A short one',
  highest: 3,
  bands: [{ lowest: 0, name: 'minimal' }],
  items: [{ id: 'q1', text: 'How was it?' }],
  options: [{ value: 2, text: 'Often' }],
  reliable_points: null,
  reliable_source: null,
  results: [result('7', 1, null), result('8', 2, 'minimal'), result('9', 2, 'minimal')],
};

// jsdom draws nothing, so nothing there changes its size.
vi.stubGlobal(
  'ResizeObserver',
  class {
    observe = vi.fn();
    unobserve = vi.fn();
    disconnect = vi.fn();
  },
);

it('has a row for each answer, also two of one day and one of an earlier edition', () => {
  render(CourseCard, { course: COURSE });
  const rows = screen.getAllByRole('row', { hidden: true }).slice(1);
  expect(
    rows.map((row) => within(row).getAllByRole('cell', { hidden: true })[0]?.textContent),
  ).toEqual([
    '2 · minimal',
    '2 · minimal',
    '1 points in an earlier edition, which is not compared',
  ]);
});
