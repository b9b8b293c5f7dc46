/** Which notices have a statement of reasons: those that tell of something that restricts. */
import type { Notice } from '#lib/api/types.ts';

const RESTRICTS = new Set(['held', 'hidden', 'collapsed', 'warn', 'pause', 'removed']);

export function hasStatement(notice: Pick<Notice, 'kind' | 'appeal_until'>): boolean {
  if (notice.kind === 'assessed_late') return Boolean(notice.appeal_until);
  return RESTRICTS.has(notice.kind);
}
