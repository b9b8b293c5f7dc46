/** The bodies of reports from outside and of complaints, by the names of the contract. */
import type { Body } from '#lib/api/types.ts';

export type Reports = Body<'Reports'>;
export type ReportLine = Body<'ReportLine'>;
export type Report = Body<'Report'>;
export type TakeDown = Body<'TakeDown'>;
export type TakeDownTime = Body<'TakeDownTime'>;
export type OutsideOnCase = Body<'OutsideOnCase'>;
export type Complaints = Body<'Complaints'>;
export type ComplaintLine = Body<'ComplaintLine'>;
export type Complaint = Body<'Complaint'>;
export type NewStep = Body<'NewStep'>;
export type OwnComplaints = Body<'OwnComplaints'>;
export type Steward = Body<'Steward'>;

export const OUTCOMES = ['kept', 'taken_down', 'gone', 'not_found'] as const;
export const COMPLAINT_KINDS = [
  'decision',
  'treated',
  'content',
  'machine',
  'privacy',
  'other',
] as const;
export const COMPLAINT_OUTCOMES = ['upheld', 'partly', 'not_upheld'] as const;
