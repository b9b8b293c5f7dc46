/** The bodies the staff's screens read and write, by the names of the contract. */

import type { components } from '../api/schema.d.ts';

type Schemas = components['schemas'];

export type Calling = Schemas['Calling'];
export type Case = Schemas['Case'];
export type CaseDecision = Schemas['CaseDecision'];
export type CaseFlag = Schemas['CaseFlag'];
export type CaseLine = Schemas['CaseLine'];
export type CaseMember = Schemas['CaseMember'];
export type CaseMessage = Schemas['CaseMessage'];
export type CountryLines = Schemas['CountryLines'];
export type HelpLine = Schemas['HelpLine'];
export type Invitation = Schemas['Invitation'];
export type Keeper = Schemas['Keeper'];
export type Me = Schemas['Me'];
export type NewDecision = Schemas['NewDecision'];
export type NewHelpLine = Schemas['NewHelpLine'];
export type NotAssessedMessage = Schemas['NotAssessedMessage'];
export type Place = Schemas['Place'];
export type Queue = Schemas['Queue'];
export type QueueChanged = Schemas['QueueChanged'];
export type Room = Schemas['Room'];
export type RoomDetail = Schemas['RoomDetail'];
export type StewardHelpLine = Schemas['StewardHelpLine'];
export type StewardHelpLines = Schemas['StewardHelpLines'];
export type StewardMember = Schemas['StewardMember'];
export type StewardStatus = Schemas['StewardStatus'];

export type Action = NewDecision['action'];
export type CaseKind = CaseLine['kind'];
export type Role = Me['role'];
export type Seat = NonNullable<Room['seat']>;
export type Urgency = CaseLine['urgency'];

export const URGENCIES: readonly Urgency[] = ['now', 'soon', 'routine', 'none'];
