/** The bodies about questionnaires, by the names of the contract. */

import type { Body } from '../api/types.ts';

export type Measures = Body<'Measures'>;
export type Measure = Body<'Measure'>;
export type MeasureAsk = Body<'MeasureAsk'>;
export type MeasureAnswered = Body<'MeasureAnswered'>;
export type MeasureCourse = Body<'MeasureCourse'>;
export type MeasureGroup = Body<'MeasureGroup'>;
export type MeasureOffer = Body<'MeasureOffer'>;
export type MeasureResult = Body<'MeasureResult'>;
export type CourseAlert = Body<'CourseAlert'>;
export type GroupMeasures = Body<'GroupMeasures'>;
export type PersonMeasures = Body<'PersonMeasures'>;
