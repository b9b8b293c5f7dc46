/** What is said about a result: how it lies in the authors' ranges, never what somebody has. */

import { t } from '#lib/i18n/index.svelte.ts';
import type { CourseAlert, MeasureCourse, MeasureResult } from './types.ts';

export function totalWords(course: MeasureCourse, result: MeasureResult): string {
  if (result.total === null) return t('measures.unscored');
  if (result.band === null) return t('measures.older', { total: result.total });
  return t('measures.total', { total: result.total, highest: course.highest, band: result.band });
}

/** Against the first total, or the one before. Nothing where that cannot be said. */
export function changeWords(course: MeasureCourse, result: MeasureResult, since: 'first' | 'last') {
  const change = since === 'first' ? result.since_first : result.since_last;
  if (change === null) return '';
  return t(`measures.change.${since}.${change}`, { points: course.reliable_points ?? 0 });
}

export function reasonWords(alert: CourseAlert): string {
  const { first, last, measurements, reliable_points: points, high_from: high } = alert;
  return t(`measures.alert.${alert.reason}`, { first, last, measurements, points, high });
}
