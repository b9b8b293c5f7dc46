/** The bodies of a room's climate, by the names of the contract. */

import type { components } from '../api/schema.d.ts';

type Schemas = components['schemas'];

export type Climate = Schemas['Climate'];
export type ClimateNote = Schemas['ClimateNote'];
export type ClimateWeek = Schemas['ClimateWeek'];
export type Comparison = Schemas['Comparison'];
export type Element = Schemas['Element'];
export type Period = Schemas['Period'];
export type Share = Schemas['Share'];

export type FigureName =
  | 'people'
  | 'messages'
  | 'asks'
  | 'asks_answered'
  | 'replies_read'
  | 'danger_now'
  | 'danger_soon'
  | 'danger_routine'
  | 'danger_none'
  | 'not_assessed'
  | 'nudges'
  | 'nudges_edited'
  | 'nudges_sent_as_is'
  | 'nudges_not_sent'
  | 'cases'
  | 'cases_now'
  | 'cases_soon'
  | 'cases_later'
  | 'first_reply_s'
  | 'first_look_s';
export type WaitName = Extract<FigureName, `${string}_s`>;
export type ShareName =
  | 'asks_answered'
  | 'asks_shared'
  | 'emotional_reaction'
  | 'interpretation'
  | 'exploration'
  | 'felt_heard'
  | 'nudges_edited'
  | 'cases_in_time';
