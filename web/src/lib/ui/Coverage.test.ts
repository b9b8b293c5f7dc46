import { render, screen, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import Coverage from './Coverage.svelte';

const ROWS = [
  { language: 'en', name: 'English', model: 'Reads it', phrases: 'Thorough' },
  { language: 'other', name: 'Every other language', model: 'Does not', phrases: 'None' },
];

describe('coverage', () => {
  it('is a named table with a row for each language, in the order of the place', () => {
    render(Coverage, { rows: ROWS });
    screen.getByText('What reads which language here', { selector: 'summary' }).click();
    const table = screen.getByRole('table', { name: 'What reads which language here' });
    const rows = within(table).getAllByRole('row').slice(1);
    expect(rows.map((row) => within(row).getByRole('rowheader').textContent)).toEqual([
      'English',
      'Every other language',
    ]);
    const cells = rows.map((row) => within(row).getAllByRole('cell'));
    expect(cells.map((row) => row.map((cell) => cell.textContent))).toEqual([
      ['Reads it', 'Thorough'],
      ['Does not', 'None'],
    ]);
  });
});
