/** Names for the generated types: bodies by name, frames as two unions. */
import type { components } from './schema';

type Schemas = components['schemas'];

/** A body or a frame by its name in the contract. */
export type Body<Name extends keyof Schemas> = Schemas[Name];

export type ServerFrame = Schemas['ServerFrame'];
export type ClientFrame = Schemas['ClientFrame'];
export type ServerFrameOf<Type extends ServerFrame['type']> = Extract<ServerFrame, { type: Type }>;
export type ClientFrameOf<Type extends ClientFrame['type']> = Extract<ClientFrame, { type: Type }>;

export type Me = Body<'Me'>;
export type Place = Body<'Place'>;
export type Room = Body<'Room'>;
export type RoomDetail = Body<'RoomDetail'>;
export type History = Body<'History'>;
export type HistoryMessage = Body<'HistoryMessage'>;
export type Notice = Body<'Notice'>;
export type HelpLine = Body<'HelpLine'>;
export type CountryLines = Body<'CountryLines'>;
export type SessionInfo = Body<'SessionInfo'>;
export type Reaction = Body<'React'>['reaction'] & string;
