/** The bodies the staff's screens read and write, by the names of the contract. */

import type { components } from '../api/schema.d.ts';

type Schemas = components['schemas'];

export type AskedOpinion = Schemas['AskedOpinion'];
export type AskedRemoval = Schemas['AskedRemoval'];
export type Calling = Schemas['Calling'];
export type GuardTotals = Schemas['GuardTotals'];
export type StewardPush = Schemas['StewardPush'];
export type Case = Schemas['Case'];
export type CaseDecision = Schemas['CaseDecision'];
export type CaseFlag = Schemas['CaseFlag'];
export type CaseLine = Schemas['CaseLine'];
export type CaseMember = Schemas['CaseMember'];
export type CaseMessage = Schemas['CaseMessage'];
export type Colleague = Schemas['Colleague'];
export type Colleagues = Schemas['Colleagues'];
export type CountryLines = Schemas['CountryLines'];
export type Desk = Schemas['Desk'];
export type EarlierCase = Schemas['EarlierCase'];
export type Figure = Schemas['Figure'];
export type HandOver = Schemas['HandOver'];
export type HelpLine = Schemas['HelpLine'];
export type Invitation = Schemas['Invitation'];
export type Keeper = Schemas['Keeper'];
export type Me = Schemas['Me'];
export type NewDecision = Schemas['NewDecision'];
export type NewHelpLine = Schemas['NewHelpLine'];
export type NotAssessed = Schemas['NotAssessed'];
export type NotAssessedMessage = Schemas['NotAssessedMessage'];
export type Opinion = Schemas['Opinion'];
export type Place = Schemas['Place'];
export type PolicyChecked = Schemas['PolicyChecked'];
export type PolicyEdition = Schemas['PolicyEdition'];
export type PolicyReplay = Schemas['PolicyReplay'];
export type PolicyReport = Schemas['PolicyReport'];
export type PolicyRule = Schemas['PolicyRule'];
export type PolicyShadow = Schemas['PolicyShadow'];
export type Queue = Schemas['Queue'];
export type QueueChanged = Schemas['QueueChanged'];
export type ReplayGroup = Schemas['ReplayGroup'];
export type ReplayShare = Schemas['ReplayShare'];
export type ReplaySide = Schemas['ReplaySide'];
export type Room = Schemas['Room'];
export type RoomDetail = Schemas['RoomDetail'];
export type ShiftClaims = Schemas['ShiftClaims'];
export type StewardHelpLine = Schemas['StewardHelpLine'];
export type StewardHelpLines = Schemas['StewardHelpLines'];
export type StewardMember = Schemas['StewardMember'];
export type StewardPolicy = Schemas['StewardPolicy'];
export type StewardStatus = Schemas['StewardStatus'];
export type Template = Schemas['Template'];

export type Action = NewDecision['action'];
export type Act = CaseDecision['action'];
export type CaseKind = CaseLine['kind'];
export type ContentNote = Schemas['SetHandling']['content_note'];
export type Handling = Desk['handlings'][number];
export type Role = Me['role'];
export type Seat = NonNullable<Room['seat']>;
export type Urgency = CaseLine['urgency'];
export type WrongRuleCount = Schemas['WrongRuleCount'];

export const URGENCIES: readonly Urgency[] = ['now', 'soon', 'routine', 'none'];
