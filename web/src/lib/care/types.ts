/** The bodies of care, by the names of the contract. */

import type { Body } from '#lib/api/types.ts';

export type Care = Body<'Care'>;
export type CareGroup = Body<'CareGroup'>;
export type CareQuestion = Body<'CareQuestion'>;
export type Emergencies = Body<'Emergencies'>;
export type Emergency = Body<'Emergency'>;
export type Mood = Body<'Mood'>;
export type Moods = Body<'Moods'>;
export type People = Body<'People'>;
export type Person = Body<'Person'>;
export type PersonMessages = Body<'PersonMessages'>;
export type Receipts = Body<'Receipts'>;
export type Scope = CareQuestion['scope'];
export type Feeling = Mood['feeling'];
