import { render, screen } from '@testing-library/svelte';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadStaffWords, loadWellWords } from '#lib/i18n/index.svelte.ts';
import FindingRow from './FindingRow.svelte';
import { bars, headline, inSize, sentence, worstFirst, type Finding, type Well } from './well.ts';

const WELL: Well = {
  at: '2026-11-26T09:00:00Z',
  since: '2026-11-26T08:00:00Z',
  answered_by: null,
  findings: [],
  cases: [],
  unread: 2,
  unread_s: 190,
  classifier: {
    backend: 'embedded',
    version: '1',
    state: 'ready',
    wanted: 3,
    answering: [
      { version: 'hearth-1', processes: 1 },
      { version: 'hearth-2', processes: 1 },
    ],
    assessed: 7,
    not_assessed: 1,
    read_ms: 5,
  },
  sockets: 3,
  waiting: 0,
  push: { on: false, sent: 0, failed: 0, last_outcome: null, last_at: null },
  disk_free_bytes: 5e9,
  disk_bytes: 1e11,
  database_bytes: 1e6,
  backup_at: null,
  key_backup_at: '2026-11-25T08:00:00Z',
  versions: { hearth: '0.1.0', python: '3.11', database: 'SQLite 3' },
  course: [],
  troubles: [],
};
const found = (what: Finding['what'], state: Finding['state']): Finding => ({ what, state });

beforeAll(() => Promise.all([loadStaffWords(), loadWellWords()]));

describe('is it well', () => {
  it('says the worst first, and how much of it there is', () => {
    const findings = [found('disk', 'well'), found('push', 'look'), found('backup', 'mend')];
    expect(worstFirst(findings).map(({ what }) => what)).toEqual(['backup', 'push', 'disk']);
    expect(headline({ findings })).toEqual({ state: 'mend', key: 'well.all.mend', count: 1 });
    expect(headline({ findings: findings.slice(0, 1) }).key).toBe('well.all.well');
  });

  it('tells a copy that was never made from an old one, and what is off from what fails', () => {
    expect(sentence(found('backup', 'mend'), WELL)).toBe('well.backup.never');
    expect(sentence(found('keys', 'mend'), WELL)).toBe('well.keys.mend');
    expect(sentence(found('push', 'well'), WELL)).toBe('well.push.off');
    expect(sentence(found('push', 'mend'), { ...WELL, push: { ...WELL.push, on: true } })).toBe(
      'well.push.mend',
    );
  });

  it('tells a model of which one process is away from one that starts', () => {
    const { classifier } = WELL;
    expect(sentence(found('classifier', 'look'), WELL)).toBe('well.classifier.some');
    const starting = { ...WELL, classifier: { ...classifier, state: 'starting' as const } };
    expect(sentence(found('classifier', 'look'), starting)).toBe('well.classifier.look');
    render(FindingRow, { finding: found('classifier', 'look'), well: WELL });
    expect(screen.getByText(/2 of 3: .*hearth-1.* \(1\), .*hearth-2.* \(1\)/)).toBeTruthy();
  });

  it('is said in words, with the figures in them', () => {
    render(FindingRow, { finding: found('unread', 'look'), well: WELL });
    expect(screen.getByText(/2 messages are shown/)).toBeTruthy();
    expect(screen.getByText(/the oldest has waited 3/)).toBeTruthy();
    expect(screen.getByText('Keep an eye on it')).toBeTruthy();
  });
});

describe('the disk', () => {
  const note = /PostgreSQL writes is not measured here/;

  it('is the machine’s on which Hearth runs, and says so where the database has its own', () => {
    const { unmount } = render(FindingRow, { finding: found('disk', 'well'), well: WELL });
    expect(screen.queryByText(note)).toBeNull();
    unmount();
    const several = { ...WELL, answered_by: 'one 7' };
    render(FindingRow, { finding: found('disk', 'well'), well: several });
    expect(screen.getByText(note)).toBeTruthy();
  });
});

describe('a size', () => {
  it('is said in the unit that fits', () => {
    expect([inSize(94_100_000_000), inSize(12_300_000)]).toEqual(['94.1 GB', '12.3 MB']);
  });
});

describe('a bar a minute', () => {
  const size = { width: 120, height: 10 };

  it('stands at the end, as high as it is beside the highest', () => {
    expect(bars([1, null, 4], size)).toEqual([
      { x: 114, width: 1.6, height: 2.5 },
      { x: 118, width: 1.6, height: 10 },
    ]);
  });

  it('is not drawn where nothing happened', () => {
    expect(bars([0, null], size)).toEqual([]);
  });
});
